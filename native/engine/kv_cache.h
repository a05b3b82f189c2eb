#pragma once

#include <optional>
#include <vector>

#include "engine/logits_source.h"
#include "engine/prefix_store.h"
#include "engine/request.h"

namespace glossa {

/// Hands the slots of a logits source to sequences and finds cells that can be reused, among live sequences
/// and in the store of kept prefixes; only those that were made with the same adapters. Scheduler thread
/// only.
class KvCache {
 public:
  /// @param capacityBytes budget of the prefix store
  /// @param reusePrefixes false: every prompt is computed, nothing is kept
  KvCache(LogitsSource& source, std::size_t capacityBytes, bool reusePrefixes);

  std::int32_t freeSlots(SlotKind kind) const;
  /// Gives a sequence a slot, with the longest prefix of its row that can be had without computing; sets its
  /// `evaluated` to that length, at most Sequence::reusableTokens(). Needs a free slot.
  void admit(Sequence& sequence);
  /// Gives a sequence an empty slot. Needs a free slot.
  void reserve(Sequence& sequence);
  /// Fills a reserved slot with the first `tokens` cells of another sequence. False: it must be computed.
  bool fork(const Sequence& from, Sequence& to, std::int32_t tokens);
  /// Moves the slot and its cells to a sibling with the same row.
  void hand(Sequence& from, Sequence& to);
  /// Makes the slots of a search's beams those of their continuations: moves[i] tells which beam's cells the
  /// i-th sequence goes on from. The first continuation of a beam takes over its slot, others fork it. Beams
  /// without a move keep an empty slot; one that could not be forked is left with nothing evaluated.
  void reorder(const Request& search, std::span<const BeamMove> moves);
  /// Takes the slot back; its cells are kept in the store if that is worth it.
  void release(Sequence& sequence);
  /// Takes the slot back and forgets its cells.
  void discard(Sequence& sequence);

  /// Cells that the sequences in slots of a kind take: of beams distinct ones, of siblings on their own a
  /// shared prompt once for each.
  std::int64_t usedCells(SlotKind kind) const;
  /// Cells that they will take once all of their rows so far are evaluated.
  std::int64_t promisedCells(SlotKind kind) const;
  const PrefixStore& store() const { return store_; }

 private:
  struct LiveMatch {
    const Sequence* sequence = nullptr;
    std::size_t length = 0;
  };
  template <typename Length>
  std::int64_t countCells(SlotKind kind, Length lengthOf) const;
  LiveMatch findLive(std::int32_t adapterSet, std::span<const std::int32_t> tokens) const;
  void keep(const Sequence& sequence);

  LogitsSource& source_;
  PrefixStore store_;
  bool reusePrefixes_;
  std::vector<Sequence*> occupants_;  ///< by slot; null if free
};

}  // namespace glossa
