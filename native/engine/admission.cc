// Who has a slot: waiting sequences get one, the youngest gives its own back when cells run out.
#include <algorithm>
#include <string>

#include "engine/scheduler.h"

namespace glossa {

namespace {

/// Cells left free for each sequence when another is admitted, so that a preempted one does not come back at
/// once only to be preempted again.
constexpr std::int64_t kGrowthHeadroom = 16;

}  // namespace

/// Free slots go to interactive requests first, and of those to the one that holds the fewest, the earlier
/// one of two: a request for many sequences does not shut out the others. What cells are not enough for holds
/// up those behind it that draw on the same pool, so that nothing starves.
void Scheduler::admitWaiting() {
  freeSlotsForInteractive();
  bool admitsStreams = true;
  bool admitsBeams = true;
  const bool onePool = source_->slotGroup(SlotKind::stream).pool == source_->slotGroup(SlotKind::beam).pool;
  while (Sequence* next = nextWaiting(admitsStreams, admitsBeams)) {
    const SlotKind kind = next->request.slotKind();
    if (hasRoomFor(*next)) {
      if (kind == SlotKind::beam) {
        admitBeams(next->request);
      } else {
        admit(*next);
      }
      continue;
    }
    if (freeCellsForInteractive(*next)) continue;
    if (onePool || kind == SlotKind::stream) admitsStreams = false;
    if (onePool || kind == SlotKind::beam) admitsBeams = false;
  }
}

/// The sequence that a slot should go to; for a search, which needs all of its slots at once, its first one.
Sequence* Scheduler::nextWaiting(bool admitsStreams, bool admitsBeams) const {
  std::int32_t beamSlots = admitsBeams ? cache_.freeSlots(SlotKind::beam) : 0;
  const bool hasStreamSlot = admitsStreams && cache_.freeSlots(SlotKind::stream) > 0;
  Sequence* const next = nextWaiting(Priority::interactive, hasStreamSlot, beamSlots);
  return next != nullptr ? next : nextWaiting(Priority::background, hasStreamSlot, beamSlots);
}

/// @param beamSlots those that are free; none once a search has to wait for more of them
Sequence* Scheduler::nextWaiting(Priority priority, bool hasStreamSlot, std::int32_t& beamSlots) const {
  Sequence* next = nullptr;
  std::ptrdiff_t fewest = 0;
  for (const auto& request : requests_) {
    if (request->spec.priority != priority) continue;
    const auto& sequences = request->sequences;
    const auto waiting = std::find_if(sequences.begin(), sequences.end(),
                                      [](const auto& s) { return s->state == SequenceState::waiting; });
    if (waiting == sequences.end()) continue;
    if (request->beams) {
      const bool fits = beamSlots >= static_cast<std::int32_t>(sequences.size()) && mayJoin(*request);
      // Those behind it wait as well, or a wide search would never find its slots free.
      if (!fits) beamSlots = 0;
      if (!fits) continue;
    } else if (!hasStreamSlot) {
      continue;
    }
    const auto held =
        std::count_if(sequences.begin(), sequences.end(), [](const auto& s) { return s->holdsSlot(); });
    if (next != nullptr && held >= fewest) continue;
    next = waiting->get();
    fewest = held;
  }
  return next;
}

/// In reproducible mode searches share no cells with others: where cells lie changes the order of sums.
bool Scheduler::mayJoin(const Request& search) const {
  if (!options_.reproducible) return true;
  return std::none_of(requests_.begin(), requests_.end(), [&](const auto& other) {
    return other->beams && other.get() != &search && other->sequences.front()->holdsSlot();
  });
}

bool Scheduler::hasRoomFor(const Sequence& sequence) const {
  const SlotKind kind = sequence.request.slotKind();
  const SlotGroup group = source_->slotGroup(kind);
  // Where every slot has a share of its own, there is nothing to run out of.
  if (!group.shared) return true;
  const SlotKind other = kind == SlotKind::beam ? SlotKind::stream : SlotKind::beam;
  const bool onePool = source_->slotGroup(other).pool == group.pool;
  const std::int64_t promised = cache_.promisedCells(kind) + (onePool ? cache_.promisedCells(other) : 0);
  const auto active = activeSequences();
  const auto growing = std::count_if(active.begin(), active.end(), [&](const Sequence* member) {
    return onePool || member->request.slotKind() == kind;
  });
  const auto joining =
      static_cast<std::ptrdiff_t>(sequence.request.beams ? sequence.request.sequences.size() : 1);
  // Not more than a share of the pool, or a wide search would wait until a small one is empty.
  const std::int64_t growth = std::min<std::int64_t>((growing + joining) * kGrowthHeadroom, group.cells / 4);
  return promised == 0 || promised + rowCells(sequence) + growth <= group.cells;
}

/// Cells that a sequence's row takes, for a search all of its rows as if they shared only the prompt.
std::int64_t Scheduler::rowCells(const Sequence& sequence) {
  const auto row = static_cast<std::int64_t>(sequence.history.size());
  if (!sequence.request.beams) return row;
  return row + std::int64_t{sequence.generated()} * (sequence.request.beams->runningBeams() - 1);
}

void Scheduler::admit(Sequence& sequence) {
  Request& request = sequence.request;
  if (sequence.generated() == 0 && request.lead() != nullptr) {
    cache_.reserve(sequence);
    sequence.state = SequenceState::following;
    return;
  }
  cache_.admit(sequence);
  sequence.state = SequenceState::prefilling;
  // Of a prompt that is scored, only what this request itself has computed comes again.
  if (!request.promptReported) request.cachedTokens = request.spec.promptLogprobs ? 0 : sequence.evaluated;
}

/// A search gets slots for all of its beams; the first of them leads.
void Scheduler::admitBeams(Request& request) {
  admit(*request.sequences.front());
  for (const auto& beam : request.sequences) {
    if (beam->holdsSlot()) continue;
    cache_.reserve(*beam);
    beam->state = SequenceState::following;
  }
}

Failure Scheduler::tooLarge(const Sequence& sequence) const {
  const auto cells = std::to_string(source_->slotGroup(sequence.request.slotKind()).cells);
  if (!sequence.request.beams)
    return {Fault::capacity, "the KV cache's " + cells + " cells (kvCells) can't hold this request", {}};
  return {Fault::capacity, "numBeams: the " + cells + " cells for beams (beamCells) can't hold this search",
          "numBeams"};
}

/// When cells have run out: sends the sequence or search back that came last of those that draw on shared
/// cells, of background ones if there are any, to be recomputed later. One that is alone can never be held
/// and fails. False if there is none.
bool Scheduler::makeRoom() {
  Sequence* youngest = nullptr;
  int holders = 0;
  for (const auto& request : requests_) {
    if (!source_->slotGroup(request->slotKind()).shared) continue;
    for (const auto& sequence : request->sequences) {
      // A search counts as one, by its first beam.
      if (!(request->beams ? sequence->holdsSlot() : sequence->active())) continue;
      if (youngest == nullptr || request->givesWay() || !youngest->request.givesWay())
        youngest = sequence.get();
      ++holders;
      if (request->beams) break;
    }
  }
  if (youngest == nullptr) return false;
  if (holders > 1) {
    preempt(*youngest);
  } else {
    fail(youngest->request, tooLarge(*youngest));
  }
  return true;
}

void Scheduler::preempt(Sequence& sequence) {
  ++counters_.preemptions;
  if (sequence.request.beams) {
    giveSlotsBack(sequence.request);
    for (const auto& beam : sequence.request.sequences) beam->state = SequenceState::waiting;
    return;
  }
  leaveLead(sequence);
  cache_.release(sequence);
  sequence.state = SequenceState::waiting;
}

/// A lead that leaves passes its cells on to a sibling that waits for them.
void Scheduler::leaveLead(Sequence& lead) {
  if (lead.request.beams || lead.state != SequenceState::prefilling || lead.generated() > 0) return;
  Sequence* heir = lead.request.follower();
  if (heir == nullptr) return;
  cache_.hand(lead, *heir);
  heir->state = SequenceState::prefilling;
}

}  // namespace glossa
