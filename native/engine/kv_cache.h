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
  /// `evaluated` to that length. At least the row's last token is left to compute. Needs a free slot.
  void admit(Sequence& sequence);
  /// Gives a sequence an empty slot. Needs a free slot.
  void reserve(Sequence& sequence);
  /// Fills a reserved slot with the first `tokens` cells of another sequence. False: it must be computed.
  bool fork(const Sequence& from, Sequence& to, std::int32_t tokens);
  /// Moves the slot and its cells to a sibling with the same row.
  void hand(Sequence& from, Sequence& to);
  /// Takes the slot back; its cells are kept in the store if that is worth it.
  void release(Sequence& sequence);
  /// Takes the slot back and forgets its cells.
  void discard(Sequence& sequence);

  /// Cells that the sequences in slots take, a prompt that siblings share counted once for each.
  std::int64_t usedCells() const;
  /// Cells that they will take once all of their rows so far are evaluated.
  std::int64_t promisedCells() const;
  const PrefixStore& store() const { return store_; }

 private:
  struct LiveMatch {
    const Sequence* sequence = nullptr;
    std::size_t length = 0;
  };
  LiveMatch findLive(std::int32_t adapterSet, std::span<const std::int32_t> tokens) const;
  void keep(const Sequence& sequence);

  LogitsSource& source_;
  PrefixStore store_;
  bool reusePrefixes_;
  std::vector<Sequence*> occupants_;  ///< by slot; null if free
};

}  // namespace glossa
