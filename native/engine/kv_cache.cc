#include "engine/kv_cache.h"

#include <algorithm>
#include <stdexcept>

namespace glossa {

namespace {

/// Copying fewer cells than this costs about as much as computing them.
constexpr std::size_t kWorthwhileTokens = 16;

std::size_t slotsOf(const LogitsSource& source) {
  const auto end = [&](SlotKind kind) {
    const SlotGroup group = source.slotGroup(kind);
    return static_cast<std::size_t>(group.first) + static_cast<std::size_t>(group.count);
  };
  return std::max(end(SlotKind::stream), end(SlotKind::beam));
}

}  // namespace

KvCache::KvCache(LogitsSource& source, std::size_t capacityBytes, bool reusePrefixes)
    : source_(source),
      store_(reusePrefixes ? capacityBytes : 0),
      reusePrefixes_(reusePrefixes),
      occupants_(slotsOf(source), nullptr) {}

std::int32_t KvCache::freeSlots(SlotKind kind) const {
  const SlotGroup group = source_.slotGroup(kind);
  const auto first = occupants_.begin() + group.first;
  return static_cast<std::int32_t>(std::count(first, first + group.count, nullptr));
}

void KvCache::reserve(Sequence& sequence) {
  const SlotGroup group = source_.slotGroup(sequence.request.slotKind());
  const auto first = occupants_.begin() + group.first;
  const auto free = std::find(first, first + group.count, nullptr);
  if (free == first + group.count) throw std::logic_error("no slot is free");
  *free = &sequence;
  sequence.slot = static_cast<std::int32_t>(free - occupants_.begin());
  sequence.evaluated = 0;
}

KvCache::LiveMatch KvCache::findLive(std::int32_t adapterSet, std::span<const std::int32_t> tokens) const {
  LiveMatch best;
  for (const Sequence* occupant : occupants_) {
    if (occupant == nullptr || occupant->evaluated == 0) continue;
    if (occupant->request.spec.adapterSet != adapterSet) continue;
    const auto held = occupant->history.ids().first(static_cast<std::size_t>(occupant->evaluated));
    const std::size_t length = commonPrefixLength(held, tokens);
    if (length > best.length) best = {occupant, length};
  }
  return best;
}

void KvCache::admit(Sequence& sequence) {
  const auto wanted = sequence.history.ids().first(sequence.reusableTokens());
  const std::int32_t adapterSet = sequence.request.spec.adapterSet;
  const LiveMatch live = reusePrefixes_ ? findLive(adapterSet, wanted) : LiveMatch{};
  reserve(sequence);
  if (!reusePrefixes_) return;
  const PrefixStore::Match kept = store_.find(adapterSet, wanted);
  const std::size_t length = std::max(live.length, kept.length);
  if (length < kWorthwhileTokens) return;
  const auto tokens = static_cast<std::int32_t>(length);
  if (live.length >= kept.length) {
    fork(*live.sequence, sequence, tokens);
  } else if (source_.restoreCells(sequence.slot, kept.entry->state) &&
             source_.removeCells(sequence.slot, tokens)) {
    sequence.evaluated = tokens;
  } else {
    source_.removeCells(sequence.slot, 0);
  }
}

bool KvCache::fork(const Sequence& from, Sequence& to, std::int32_t tokens) {
  if (source_.copyCells(from.slot, to.slot, tokens)) {
    to.evaluated = tokens;
    return true;
  }
  source_.removeCells(to.slot, 0);
  return false;
}

void KvCache::hand(Sequence& from, Sequence& to) {
  if (to.holdsSlot()) discard(to);
  occupants_[static_cast<std::size_t>(from.slot)] = &to;
  to.slot = from.slot;
  to.evaluated = from.evaluated;
  from.slot = -1;
  from.evaluated = 0;
}

void KvCache::keep(const Sequence& sequence) {
  const auto tokens = sequence.history.ids().first(static_cast<std::size_t>(sequence.evaluated));
  const std::int32_t adapterSet = sequence.request.spec.adapterSet;
  if (!reusePrefixes_ || tokens.size() < kWorthwhileTokens || store_.covers(adapterSet, tokens)) return;
  if (!store_.accepts(source_.stateBytes(sequence.slot))) return;
  std::vector<std::uint8_t> state = source_.saveCells(sequence.slot);
  if (state.empty()) return;
  store_.insert({adapterSet, {tokens.begin(), tokens.end()}, std::move(state)});
}

void KvCache::release(Sequence& sequence) {
  if (!sequence.holdsSlot()) return;
  keep(sequence);
  discard(sequence);
}

void KvCache::discard(Sequence& sequence) {
  if (!sequence.holdsSlot()) return;
  source_.removeCells(sequence.slot, 0);
  occupants_[static_cast<std::size_t>(sequence.slot)] = nullptr;
  sequence.slot = -1;
  sequence.evaluated = 0;
}

void KvCache::reorder(const Request& search, std::span<const BeamMove> moves) {
  struct Place {
    std::int32_t slot;
    std::int32_t evaluated;
  };
  std::vector<Place> old;
  old.reserve(search.sequences.size());
  for (const auto& beam : search.sequences) old.push_back({beam->slot, beam->evaluated});
  std::vector<bool> taken(old.size(), false);
  const auto give = [&](Sequence& beam, std::size_t place) {
    taken[place] = true;
    beam.slot = old[place].slot;
    beam.evaluated = old[place].evaluated;
    occupants_[static_cast<std::size_t>(beam.slot)] = &beam;
  };
  std::vector<bool> inherits(old.size(), false);
  for (std::size_t i = 0; i < moves.size(); ++i) {
    const auto parent = static_cast<std::size_t>(moves[i].parent);
    inherits[i] = !taken[parent];
    if (inherits[i]) give(*search.sequences[i], parent);
  }
  std::size_t spare = 0;
  for (std::size_t i = 0; i < old.size(); ++i) {
    if (inherits[i]) continue;
    Sequence& beam = *search.sequences[i];
    while (taken[spare]) ++spare;
    give(beam, spare);
    if (beam.evaluated > 0) source_.removeCells(beam.slot, 0);
    beam.evaluated = 0;
    if (i >= moves.size()) continue;
    const Place& parent = old[static_cast<std::size_t>(moves[i].parent)];
    if (source_.copyCells(parent.slot, beam.slot, parent.evaluated)) {
      beam.evaluated = parent.evaluated;
    } else {
      source_.removeCells(beam.slot, 0);
    }
  }
}

/// @param lengthOf of a sequence: how many of its row's leading cells count
template <typename Length>
std::int64_t KvCache::countCells(SlotKind kind, Length lengthOf) const {
  const SlotGroup group = source_.slotGroup(kind);
  const Request* owner = nullptr;
  std::int64_t cells = 0;
  const auto first = occupants_.begin() + group.first;
  std::vector<const Sequence*> sequences(first, first + group.count);
  std::erase(sequences, nullptr);
  // Beams of one search come together, in the order of their rows: each shares the most with its neighbour.
  const auto byRow = [](const Sequence* a, const Sequence* b) {
    if (&a->request != &b->request) return a->request.spec.id < b->request.spec.id;
    return std::ranges::lexicographical_compare(a->history.ids(), b->history.ids());
  };
  if (kind == SlotKind::beam) std::sort(sequences.begin(), sequences.end(), byRow);
  std::span<const std::int32_t> previous;
  for (const Sequence* sequence : sequences) {
    const auto row = sequence->history.ids().first(lengthOf(*sequence));
    if (row.empty()) continue;
    const bool shares = kind == SlotKind::beam && owner == &sequence->request;
    const std::size_t shared = shares ? commonPrefixLength(previous, row) : 0;
    cells += static_cast<std::int64_t>(row.size() - shared);
    previous = row;
    owner = &sequence->request;
  }
  return cells;
}

std::int64_t KvCache::usedCells(SlotKind kind) const {
  return countCells(kind,
                    [](const Sequence& sequence) { return static_cast<std::size_t>(sequence.evaluated); });
}

std::int64_t KvCache::promisedCells(SlotKind kind) const {
  return countCells(kind, [](const Sequence& sequence) { return sequence.history.size(); });
}

}  // namespace glossa
