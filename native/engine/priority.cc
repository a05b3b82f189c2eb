// Background requests give way: others get slots and cells first, and most steps without them.
#include <algorithm>

#include "engine/scheduler.h"

namespace glossa {

namespace {

/// Steps that are left to interactive sequences for each unit of work that was done for background ones in
/// theirs. A step of 2 to 7 sequences takes three to four times as long as one of a single one (shipped
/// model, one thread: 3.9 ms of five, 1.4 ms of one): at four times, ten steps take 13 instead of 10, and a
/// stream keeps three quarters of its speed.
constexpr double kRestPerUnit = 9;
/// What a unit is: so many sequences, which cost hardly more together than one of them, or so many prompt
/// tokens.
constexpr double kSequencesPerUnit = 7;
constexpr double kPromptTokensPerUnit = 16;
/// The same in reproducible mode, where every sequence has a decode of its own.
constexpr double kSequencesPerUnitAlone = 3;
/// Background prompt tokens in a step with interactive sequences.
constexpr std::int32_t kBackgroundChunk = 32;

}  // namespace

/// Sends background streams back, the youngest first, as far as interactive ones wait for slots.
void Scheduler::freeSlotsForInteractive() {
  std::ptrdiff_t wanted = 0;
  for (const auto& request : requests_) {
    if (request->givesWay() || request->beams || request->paused) continue;
    wanted += std::count_if(request->sequences.begin(), request->sequences.end(),
                            [](const auto& s) { return s->state == SequenceState::waiting; });
  }
  const std::int32_t pool = source_->slotGroup(SlotKind::stream).pool;
  for (wanted -= cache_.freeSlots(SlotKind::stream); wanted > 0; --wanted) {
    Sequence* const youngest = youngestBackground(pool, false);
    if (youngest == nullptr) return;
    preempt(*youngest);
  }
}

/// Sends a background sequence or search back that holds cells which an interactive one waits for. False if
/// there is none.
bool Scheduler::freeCellsForInteractive(const Sequence& waiting) {
  if (waiting.request.givesWay() || waiting.request.paused) return false;
  const std::int32_t pool = source_->slotGroup(waiting.request.slotKind()).pool;
  // A search that came back would be evaluated in other batches: not in reproducible mode.
  Sequence* const youngest = youngestBackground(pool, !options_.reproducible);
  if (youngest != nullptr) preempt(*youngest);
  return youngest != nullptr;
}

/// The background sequence with a slot that came last; of a search its first beam. Null if there is none.
/// @param pool whose cells it holds
/// @param orSearch whether it may be a search
Sequence* Scheduler::youngestBackground(std::int32_t pool, bool orSearch) const {
  for (auto request = requests_.rbegin(); request != requests_.rend(); ++request) {
    const Request& candidate = **request;
    if (!candidate.givesWay() || source_->slotGroup(candidate.slotKind()).pool != pool) continue;
    if (candidate.beams && !orSearch) continue;
    const auto& sequences = candidate.sequences;
    if (candidate.beams && sequences.front()->holdsSlot()) return sequences.front().get();
    const auto held = std::find_if(sequences.rbegin(), sequences.rend(),
                                   [](const auto& sequence) { return sequence->holdsSlot(); });
    if (held != sequences.rend()) return held->get();
  }
  return nullptr;
}

/// Puts interactive sequences first, and takes background ones out of most steps that have both.
void Scheduler::holdBackground(std::vector<Sequence*>& active) {
  const auto background = std::stable_partition(
      active.begin(), active.end(), [](const Sequence* sequence) { return !sequence->request.givesWay(); });
  const auto interactive = background - active.begin();
  besideInteractive_ = interactive > 0 && background != active.end();
  activeCount_ = static_cast<std::int32_t>(besideInteractive_ ? interactive : active.end() - active.begin());
  // Those that they were to rest for are gone.
  if (interactive == 0) backgroundRest_ = 0;
  if (!besideInteractive_ || backgroundRest_ <= 0) return;
  backgroundRest_ -= 1;
  active.erase(background, active.end());
}

/// What is left of a step's budget for prompts when it comes to this sequence's.
std::int32_t Scheduler::promptShare(const Sequence& sequence, std::int32_t budget) const {
  if (options_.reproducible || !besideInteractive_ || !sequence.request.givesWay()) return budget;
  return std::min(budget, kBackgroundChunk);
}

/// Background sequences rest for what was just done for them. Until then they are in every step: with other
/// adapters, it is not the next one in which they are decoded.
void Scheduler::bookBackground() {
  if (!besideInteractive_) return;
  double sequences = 0;
  double promptTokens = 0;
  for (const Share& share : shares_) {
    if (!share.sequence->request.givesWay()) continue;
    (share.tokens == 1 ? sequences : promptTokens) += share.tokens;
  }
  if (sequences + promptTokens == 0) return;
  const double prompts = promptTokens / kPromptTokensPerUnit;
  const double units = options_.reproducible ? sequences / kSequencesPerUnitAlone + prompts
                                             : std::max(1.0, sequences / kSequencesPerUnit + prompts);
  backgroundRest_ += kRestPerUnit * units;
}

}  // namespace glossa
