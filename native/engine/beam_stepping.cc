// One step of a beam search: every running beam proposes, then the rows and cells follow the beams that go
// on.
#include <algorithm>

#include "engine/scheduler.h"

namespace glossa {

namespace {

/// Rows of the next step's beams. A beam's row is copied for all of its continuations but the last.
std::vector<TokenHistory> nextRows(const Request& request, const std::vector<BeamMove>& moves) {
  std::vector<TokenHistory> rows;
  rows.reserve(moves.size());
  for (auto move = moves.begin(); move != moves.end(); ++move) {
    TokenHistory& parent = request.sequences[static_cast<std::size_t>(move->parent)]->history;
    const bool isLast = std::none_of(move + 1, moves.end(),
                                     [move](const BeamMove& later) { return later.parent == move->parent; });
    rows.push_back(isLast ? std::move(parent) : parent);
    rows.back().append(move->token);
  }
  return rows;
}

std::vector<StopTail> nextTails(const Request& request, const LogitsSource& source,
                                const std::vector<BeamMove>& moves) {
  std::vector<StopTail> tails;
  tails.reserve(moves.size());
  for (const BeamMove& move : moves) {
    tails.push_back(request.sequences[static_cast<std::size_t>(move.parent)]->tail);
    tails.back().push(source.piece(move.token), request.stopStrings);
  }
  return tails;
}

}  // namespace

/// Called when a running beam's row is evaluated and its logits are there.
void Scheduler::proposeNext(Sequence& beam, std::span<const float> logits) {
  Request& request = beam.request;
  const RowConstraint* grammar = beam.history.constraint();
  if (beam.generated() == 0 && grammar != nullptr && grammar->isComplete()) {
    // An empty text was all that the grammar allowed.
    finishBeams(request, FinishReason::stop);
    return;
  }
  // It may have come back from a preemption that caught it waiting for its siblings.
  if (!beam.hasProposed) tokenStep_.propose(beam, logits);
  beam.state = SequenceState::proposed;
  resumeFollowers(beam);
  const auto running = static_cast<std::ptrdiff_t>(request.beams->runningBeams());
  const bool allHere =
      std::all_of(request.sequences.begin(), request.sequences.begin() + running,
                  [](const auto& sequence) { return sequence->state == SequenceState::proposed; });
  if (allHere) advanceBeams(request);
}

/// Beams that a preemption has sent back share what they have in common with the first that is evaluated
/// again.
void Scheduler::resumeFollowers(Sequence& lead) {
  const auto running = lead.request.beams->runningBeams();
  for (std::int32_t index = 0; index < running; ++index) {
    Sequence& sibling = *lead.request.sequences[static_cast<std::size_t>(index)];
    if (sibling.state != SequenceState::following) continue;
    const std::size_t common = commonPrefixLength(lead.history.ids(), sibling.history.ids());
    cache_.fork(lead, sibling, static_cast<std::int32_t>(std::min(common, sibling.history.size() - 1)));
    sibling.state = SequenceState::prefilling;
  }
}

/// Why a beam would end with a token, apart from EOS and its length.
std::optional<FinishReason> Scheduler::beamEnd(const Sequence& beam, std::int32_t token) const {
  if (beam.tail.isCompletedBy(source_->piece(token), beam.request.stopStrings)) return FinishReason::stop;
  if (beam.history.constraint() == nullptr) return std::nullopt;
  const auto grammar = beam.history.constraint()->clone();
  grammar->accept(token);
  return grammar->isComplete() ? std::optional(FinishReason::stop) : std::nullopt;
}

void Scheduler::advanceBeams(Request& request) {
  const auto endOf = [&](std::int32_t parent, std::int32_t token) {
    return beamEnd(*request.sequences[static_cast<std::size_t>(parent)], token);
  };
  const std::int32_t chosenBefore = request.beams->chosenTokens();
  const std::vector<BeamMove> moves = request.beams->advance(endOf);
  counters_.generatedTokens += request.beams->chosenTokens() - chosenBefore;
  if (moves.empty()) {
    finishBeams(request);
    return;
  }
  cache_.reorder(request, moves);
  std::vector<StopTail> tails = nextTails(request, *source_, moves);
  std::vector<TokenHistory> rows = nextRows(request, moves);
  for (std::size_t i = 0; i < request.sequences.size(); ++i) {
    Sequence& beam = *request.sequences[i];
    beam.hasProposed = false;
    if (i >= moves.size()) {
      beam.state = SequenceState::following;
      continue;
    }
    beam.history = std::move(rows[i]);
    beam.tail = std::move(tails[i]);
    beam.state = beam.pendingTokens() == 1 ? SequenceState::decoding : SequenceState::prefilling;
  }
}

/// Ends a search before its time, with the hypotheses there are and the running beams as they stand.
void Scheduler::stopBeams(Request& request, FinishReason reason) {
  request.beams->stop(reason);
  finishBeams(request, reason);
}

/// @param otherwise why a result that no hypothesis is left for ends
void Scheduler::finishBeams(Request& request, FinishReason otherwise) {
  const std::vector<Hypothesis> hypotheses = request.beams->takeHypotheses();
  std::vector<std::size_t> open;
  for (std::size_t i = 0; i < request.endedResults.size(); ++i) {
    if (!request.endedResults[i]) open.push_back(i);
  }
  for (const std::size_t i : open) {
    const SearchTokens search = i == open.back() ? request.beams->tokens(open) : SearchTokens{};
    if (i < hypotheses.size()) {
      reportHypothesis(request, static_cast<std::int32_t>(i), hypotheses[i], search);
    } else {
      reportResult(request, static_cast<std::int32_t>(i),
                   {.type = Event::Type::finish, .finishReason = otherwise, .search = search});
    }
  }
  releaseBeams(request);
}

void Scheduler::reportHypothesis(const Request& request, std::int32_t result, const Hypothesis& hypothesis,
                                 const SearchTokens& search) {
  TextStream text(request.stopStrings, textStart(request.spec));
  for (const BeamToken& chosen : hypothesis.tokens) {
    reportResult(request, result,
                 {.type = Event::Type::token,
                  .tokenId = chosen.token,
                  .logprob = chosen.logprob,
                  .text = text.push(source_->piece(chosen.token))});
  }
  FinalText rest = text.flush();
  reportResult(request, result,
               {.type = Event::Type::finish,
                .text = std::move(rest.text),
                .endsInsideCharacter = rest.endsInsideCharacter,
                .finishReason = hypothesis.reason,
                .score = hypothesis.score,
                .search = search,
                .generatedTokens = static_cast<std::int32_t>(hypothesis.tokens.size())});
}

/// Ends one result of a search, which goes on for the others, or, with the last of them, the search.
void Scheduler::cancelResult(Request& request, std::int32_t result) {
  if (request.isFinished() || request.endedResults[static_cast<std::size_t>(result)]) return;
  request.endedResults[static_cast<std::size_t>(result)] = true;
  const auto& ended = request.endedResults;
  const bool isLast = std::all_of(ended.begin(), ended.end(), [](bool isOver) { return isOver; });
  reportResult(request, result,
               {.type = Event::Type::finish,
                .finishReason = FinishReason::cancelled,
                .search = isLast ? request.beams->tokens({}) : SearchTokens{}});
  if (isLast) releaseBeams(request);
}

void Scheduler::releaseBeams(Request& request) {
  giveSlotsBack(request);
  for (const auto& beam : request.sequences) beam->state = SequenceState::finished;
}

/// Of a search's cells only those of the best beam are worth keeping.
void Scheduler::giveSlotsBack(Request& search) {
  for (const auto& beam : search.sequences) {
    if (beam->index == 0) {
      cache_.release(*beam);
    } else {
      cache_.discard(*beam);
    }
  }
}

}  // namespace glossa
