// Who has a slot: waiting sequences get one, the youngest gives its own back when cells run out.
#include <algorithm>

#include "engine/scheduler.h"

namespace glossa {

namespace {

/// Cells left free for each sequence when another is admitted, so that a preempted one does not come back at
/// once only to be preempted again.
constexpr std::int64_t kGrowthHeadroom = 16;

}  // namespace

/// Free slots go to the request that holds the fewest, the earlier one of two: a request for many sequences
/// does not shut out the others. What does not fit yet holds up those behind it, so that nothing starves.
void Scheduler::admitWaiting() {
  while (cache_.freeSlots(SlotKind::stream) > 0) {
    Sequence* next = nextWaiting();
    if (next == nullptr || !hasRoomFor(*next)) return;
    admit(*next);
  }
}

Sequence* Scheduler::nextWaiting() const {
  Sequence* next = nullptr;
  std::ptrdiff_t fewest = 0;
  for (const auto& request : requests_) {
    const auto& sequences = request->sequences;
    const auto waiting = std::find_if(sequences.begin(), sequences.end(),
                                      [](const auto& s) { return s->state == SequenceState::waiting; });
    if (waiting == sequences.end()) continue;
    const auto held =
        std::count_if(sequences.begin(), sequences.end(), [](const auto& s) { return s->holdsSlot(); });
    if (next != nullptr && held >= fewest) continue;
    next = waiting->get();
    fewest = held;
  }
  return next;
}

bool Scheduler::hasRoomFor(const Sequence& sequence) const {
  // Where every slot has a share of its own, there is nothing to run out of.
  const SlotGroup group = source_->slotGroup(SlotKind::stream);
  if (!group.shared) return true;
  const std::int64_t promised = cache_.promisedCells();
  const auto growth = static_cast<std::int64_t>(activeSequences().size() + 1) * kGrowthHeadroom;
  return promised == 0 ||
         promised + static_cast<std::int64_t>(sequence.history.size()) + growth <= group.cells;
}

void Scheduler::admit(Sequence& sequence) {
  Request& request = sequence.request;
  if (sequence.generated == 0 && request.lead() != nullptr) {
    cache_.reserve(sequence);
    sequence.state = SequenceState::following;
    return;
  }
  cache_.admit(sequence);
  sequence.state = SequenceState::prefilling;
  if (!request.promptReported) request.cachedTokens = sequence.evaluated;
}

/// Frees the slot of the sequence that came last, to be recomputed later. False if it is the only one.
bool Scheduler::preemptYoungest() {
  Sequence* youngest = nullptr;
  int active = 0;
  for (const auto& request : requests_) {
    for (const auto& sequence : request->sequences) {
      if (!sequence->active()) continue;
      youngest = sequence.get();
      ++active;
    }
  }
  if (active < 2) return false;
  leaveLead(*youngest);
  cache_.release(*youngest);
  youngest->state = SequenceState::waiting;
  ++counters_.preemptions;
  return true;
}

/// A lead that leaves passes its cells on to a sibling that waits for them.
void Scheduler::leaveLead(Sequence& lead) {
  if (lead.state != SequenceState::prefilling || lead.generated > 0) return;
  Sequence* heir = lead.request.follower();
  if (heir == nullptr) return;
  cache_.hand(lead, *heir);
  heir->state = SequenceState::prefilling;
}

}  // namespace glossa
