// One step of the scheduler: admit, batch, decode, choose.
#include <algorithm>
#include <utility>

#include "engine/scheduler.h"

namespace glossa {

namespace {

/// How long a step may take for prompts' sake while other sequences are decoding: what their readers wait.
/// Three times that while more sequences wait for their prompt than are decoding.
constexpr double kPromptMsBesideStreams = 150;
constexpr double kPromptMsForMajority = 450;
/// Fewer prompt tokens than this in a step would waste the pass over the weights.
constexpr std::int32_t kLeastPromptTokens = 32;
/// A step with at least this many prompt tokens tells how long one takes.
constexpr std::int32_t kTellingPromptTokens = 32;
/// How long sequences of one adapter set are decoded before it is the next set's turn: what readers wait, as
/// against what a change of adapters costs (on a GPT-2-sized model 1 to 2 ms).
constexpr std::chrono::milliseconds kAdapterTurn{40};
/// Reproducible mode cuts prompts at multiples of this.
constexpr std::int32_t kFixedChunk = 128;
/// Logits of prompt tokens in one batch: llama.cpp keeps room for the most there ever were. But few rows
/// would waste the pass over the weights.
constexpr std::size_t kScoredBytes = std::size_t{32} << 20U;
constexpr std::size_t kLeastScoredRows = 32;
constexpr std::size_t kMostScoredRows = 512;

}  // namespace

void Scheduler::step() {
  auto active = activeSequences();
  stalled_ = active.empty();
  if (stalled_) return;
  holdBackground(active);
  decodingElsewhere_ = 0;
  if (source_->adapterSets() > 1) active = takeTurn(active);
  if (options_.reproducible) {
    decodeByThemselves(active);
  } else {
    decode(active);
  }
}

/// Reproducible mode: what is decoded together decides how kernels group their sums. Beams of one search are
/// together in every run.
void Scheduler::decodeByThemselves(const std::vector<Sequence*>& active) {
  for (auto first = active.begin(); first != active.end();) {
    const Request& request = (*first)->request;
    const auto end = request.beams ? std::find_if(first, active.end(),
                                                  [&](const Sequence* s) { return &s->request != &request; })
                                   : first + 1;
    decode({first, end});
    first = end;
  }
}

/// A batch is decoded with one set of adapters. The sets that have work take turns, in the order of their
/// numbers; the sequences of the one whose turn it is are returned.
std::vector<Sequence*> Scheduler::takeTurn(const std::vector<Sequence*>& active) {
  const auto setOf = [](const Sequence* sequence) { return sequence->request.spec.adapterSet; };
  // Distance from the set whose turn it was last, round the circle.
  const auto distance = [&](std::int32_t set) {
    return (set - adapterSet_ + source_->adapterSets()) % source_->adapterSets();
  };
  const auto now = Clock::now();
  const bool isOver = now - turnStart_ >= kAdapterTurn;
  std::int32_t next = source_->adapterSets();
  for (const Sequence* sequence : active) {
    const std::int32_t away = distance(setOf(sequence));
    // Once its time is over, the set itself comes last.
    next = std::min(next, isOver && away == 0 ? source_->adapterSets() : away);
  }
  if (next > 0) turnStart_ = now;
  adapterSet_ = (adapterSet_ + next) % source_->adapterSets();
  std::vector<Sequence*> chosen;
  for (Sequence* sequence : active) {
    if (setOf(sequence) == adapterSet_) {
      chosen.push_back(sequence);
    } else if (sequence->state == SequenceState::decoding) {
      ++decodingElsewhere_;
    }
  }
  return chosen;
}

/// Sequences whose next tokens can be decoded now, in order of arrival.
std::vector<Sequence*> Scheduler::activeSequences() const {
  std::vector<Sequence*> active;
  for (const auto& request : requests_) {
    if (request->paused) continue;
    for (const auto& sequence : request->sequences) {
      if (sequence->active()) active.push_back(sequence.get());
    }
  }
  return active;
}

void Scheduler::addShare(Sequence& sequence, std::int32_t tokens) {
  const Request& request = sequence.request;
  const auto row = sequence.history.ids();
  for (std::int32_t i = 0; i < tokens; ++i) {
    const std::int32_t position = sequence.evaluated + i;
    const auto place = static_cast<std::size_t>(position);
    const bool last = place + 1 == row.size();
    const bool scored = request.scoresPrompt() && place >= request.scoredTokens;
    batch_.push_back({row[place], position, sequence.slot, last || scored});
  }
  shares_.push_back({&sequence, tokens, batch_.size() - 1});
}

/// The next token of every decoding sequence first, then as much of the waiting prompts as fits.
void Scheduler::buildBatch(const std::vector<Sequence*>& sequences) {
  batch_.clear();
  shares_.clear();
  for (Sequence* sequence : sequences) {
    if (sequence->state == SequenceState::decoding) addShare(*sequence, 1);
  }
  std::int32_t budget = promptBudget();
  std::int32_t scoredRows = scoredRowsPerBatch();
  for (Sequence* sequence : sequences) {
    if (sequence->state != SequenceState::prefilling || budget <= 0) continue;
    budget = promptShare(*sequence, budget);
    std::int32_t tokens = std::min(budget, pendingChunk(*sequence));
    if (sequence->request.scoresPrompt()) {
      tokens = std::min(tokens, scoredRows);
      scoredRows -= tokens;
      if (tokens == 0) continue;
    }
    addShare(*sequence, tokens);
    budget -= tokens;
  }
}

/// Prompt tokens of which a batch may want logits.
std::int32_t Scheduler::scoredRowsPerBatch() const {
  const std::size_t rows = kScoredBytes / (source_->vocabularySize() * sizeof(float));
  return static_cast<std::int32_t>(std::clamp(rows, kLeastScoredRows, kMostScoredRows));
}

/// Tokens of a row that may be evaluated at once. Reproducible mode evaluates what was generated token by
/// token again when a sequence comes back, as it did the first time.
std::int32_t Scheduler::pendingChunk(const Sequence& sequence) const {
  const std::int32_t pending = sequence.pendingTokens();
  if (!options_.reproducible || sequence.request.beams) return pending;
  const auto prompt = static_cast<std::int32_t>(sequence.request.spec.prompt.size());
  return sequence.evaluated < prompt ? std::min(pending, prompt - sequence.evaluated) : 1;
}

/// Prompt tokens that may join the decoding sequences' tokens in the batch. Streams with other adapters wait
/// for the step as well.
std::int32_t Scheduler::promptBudget() const {
  if (options_.reproducible) return kFixedChunk;
  const std::int32_t room = source_->batchSize() - static_cast<std::int32_t>(batch_.size());
  const std::int32_t decoding = static_cast<std::int32_t>(batch_.size()) + decodingElsewhere_;
  if (decoding == 0 || msPerPromptToken_ <= 0) return room;
  const bool majorityWaits = activeCount_ > 2 * decoding;
  const double budgetMs = majorityWaits ? kPromptMsForMajority : kPromptMsBesideStreams;
  return std::clamp(static_cast<std::int32_t>(budgetMs / msPerPromptToken_),
                    std::min(kLeastPromptTokens, room), room);
}

/// Learns from a decoded batch how long a prompt token takes on this machine.
void Scheduler::learnPromptSpeed(Clock::duration elapsed) {
  std::int32_t promptTokens = 0;
  for (const Share& share : shares_) {
    if (share.sequence->state == SequenceState::prefilling) promptTokens += share.tokens;
  }
  if (promptTokens < kTellingPromptTokens) return;
  const double measured = std::chrono::duration<double, std::milli>(elapsed).count() / promptTokens;
  msPerPromptToken_ = msPerPromptToken_ <= 0 ? measured : 0.75 * msPerPromptToken_ + 0.25 * measured;
}

void Scheduler::decode(const std::vector<Sequence*>& sequences) {
  DecodeStatus status = DecodeStatus::full;
  auto start = Clock::now();
  do {
    buildBatch(sequences);
    if (batch_.empty()) return;
    start = Clock::now();
    status = source_->decode(batch_, sequences.front()->request.spec.adapterSet);
  } while (status == DecodeStatus::full && makeRoom());
  if (status == DecodeStatus::aborted) return;
  if (status != DecodeStatus::ok) {
    for (const Share& share : shares_)
      fail(share.sequence->request, {Fault::engine, "the backend failed to decode a batch", {}});
    return;
  }
  ++counters_.decodeSteps;
  const auto decoded = Clock::now();
  learnPromptSpeed(decoded - start);
  bookBackground();
  for (const Share& share : shares_) accept(share);
  counters_.samplingMs += std::chrono::duration<double, std::milli>(Clock::now() - decoded).count();
}

/// Books what was decoded for a sequence; if its row is complete, its next token is chosen.
void Scheduler::accept(const Share& share) {
  Sequence& sequence = *share.sequence;
  if (!sequence.active()) return;  // a sibling's failure has ended its request
  sequence.evaluated += share.tokens;
  try {
    if (sequence.request.scoresPrompt()) scorePrompt(share);
    if (sequence.pendingTokens() > 0) return;
    takeLogits(sequence, source_->logits(share.last));
  } catch (const ConstraintError& error) {
    fail(sequence.request, {Fault::request, error.what(), "grammar"});
  } catch (const std::exception& error) {
    // A defect of ours, or no memory left: the others of the step need not suffer for it.
    fail(sequence.request, {Fault::engine, error.what(), {}});
  }
}

/// Reads the logits of prompt tokens before the next decode makes them void. Of a prompt that is evaluated
/// again, those that were read before want none.
void Scheduler::scorePrompt(const Share& share) {
  Request& request = share.sequence->request;
  const std::size_t first = share.last + 1 - static_cast<std::size_t>(share.tokens);
  for (std::size_t index = first; index <= share.last && request.scoresPrompt(); ++index) {
    if (static_cast<std::size_t>(batch_[index].position) == request.scoredTokens)
      request.scorePrompt(source_->logits(index));
  }
}

void Scheduler::takeLogits(Sequence& sequence, std::span<const float> logits) {
  if (sequence.request.beams) {
    if (sequence.generated() == 0) completePrompt(sequence);
    proposeNext(sequence, logits);
    return;
  }
  if (sequence.generated() > 0) {
    sequence.state = SequenceState::decoding;
    chooseNext(sequence, logits);
    return;
  }
  // Siblings start from the same cells and the same logits; they are forked before anyone can finish.
  std::vector<Sequence*> starting{&sequence};
  completePrompt(sequence);
  if (sequence.request.spec.decoding.maxNewTokens == 0) {
    finishWithPrompt(sequence);
    return;
  }
  for (const auto& sibling : sequence.request.sequences) {
    if (sibling->state != SequenceState::following) continue;
    if (cache_.fork(sequence, *sibling, sequence.evaluated)) {
      starting.push_back(sibling.get());
    } else {
      sibling->state = SequenceState::prefilling;
    }
  }
  for (Sequence* member : starting) {
    member->state = SequenceState::decoding;
    chooseNext(*member, logits);
  }
}

/// Nothing is to be generated: what was wanted is known of the prompt.
void Scheduler::finishWithPrompt(Sequence& lead) {
  // No sibling is to take its cells over.
  lead.state = SequenceState::decoding;
  for (const auto& member : lead.request.sequences) finish(*member, FinishReason::length);
}

void Scheduler::completePrompt(Sequence& lead) {
  Request& request = lead.request;
  if (request.promptReported) return;
  request.promptReported = true;
  const auto promptTokens = static_cast<std::int32_t>(request.spec.prompt.size());
  counters_.promptTokens += promptTokens;
  counters_.cachedPromptTokens += request.cachedTokens;
  report(lead, {.type = Event::Type::prompt,
                .logprobs = std::exchange(request.promptScores, {}),
                .promptTokens = promptTokens,
                .cachedTokens = request.cachedTokens});
}

void Scheduler::chooseNext(Sequence& sequence, std::span<const float> logits) {
  auto outcome = tokenStep_.run(sequence, logits);
  if (!outcome && sequence.generated() == 0) {
    fail(sequence.request, {Fault::request, "the processors left no token to choose from", {}});
    return;
  }
  if (!outcome) {
    finish(sequence, FinishReason::exhausted);
    return;
  }
  if (outcome->choice) {
    ++counters_.generatedTokens;
    report(sequence, {.type = Event::Type::token,
                      .tokenId = outcome->choice->token,
                      .logprob = outcome->choice->logprob,
                      .logprobs = std::move(outcome->logprobs),
                      .text = std::move(outcome->text)});
  }
  if (outcome->finished) finish(sequence, *outcome->finished);
}

void Scheduler::finish(Sequence& sequence, FinishReason reason) {
  if (sequence.state == SequenceState::finished) return;
  leaveLead(sequence);
  cache_.release(sequence);
  sequence.state = SequenceState::finished;
  FinalText rest = sequence.text.flush();
  report(sequence, {.type = Event::Type::finish,
                    .text = std::move(rest.text),
                    .endsInsideCharacter = rest.endsInsideCharacter,
                    .finishReason = reason});
}

void Scheduler::fail(Request& request, const Failure& failure) {
  if (request.isFinished()) return;
  for (const auto& sequence : request.sequences) {
    cache_.discard(*sequence);
    sequence->state = SequenceState::finished;
  }
  report(*request.sequences.front(), {.type = Event::Type::failed, .failure = failure});
}

}  // namespace glossa
