#include "decoding/beam_search.h"

#include <algorithm>
#include <utility>

#include "decoding/candidates.h"
#include "decoding/hypotheses.h"

namespace glossa {

namespace {

constexpr std::int32_t kRoot = -1;

/// A generated token of one or more beams; those that share a beginning share its nodes.
struct Node {
  std::int32_t parent;
  BeamToken token;
};

struct Beam {
  std::int32_t lastToken;  // node; kRoot before the first
  float score;
};

}  // namespace

struct BeamSearch::State {
  State(const DecodingParameters& given, std::size_t vocabularySize)
      : parameters(given),
        source(makeCandidateSource(given, vocabularySize)),
        finished(static_cast<std::size_t>(given.numBeams)) {
    running.push_back({kRoot, 0.0F});
    source->begin(0);
  }

  bool lastStep() const { return generated + 1 >= parameters.maxNewTokens; }
  std::size_t beamCount() const { return static_cast<std::size_t>(parameters.numBeams); }
  std::optional<FinishReason> finishReason(const Candidate& candidate, const FinishTest& finishTest) const;
  std::int32_t append(const Candidate& candidate);
  void finish(const Candidate& candidate, FinishReason reason);
  void sortOut(std::span<const Candidate> candidates, const FinishTest& finishTest);
  bool canImprove(float bestRunning) const;
  std::vector<BeamMove> goOn();
  void end();

  DecodingParameters parameters;
  std::unique_ptr<CandidateSource> source;
  HypothesisList finished;
  std::vector<Node> nodes;
  std::vector<Beam> running;
  std::vector<Beam> next;
  std::vector<Candidate> goingOn;  ///< candidates that become the next running beams, best first
  std::int32_t generated = 0;
  std::int32_t chosenTokens = 0;
};

std::optional<FinishReason> BeamSearch::State::finishReason(const Candidate& candidate,
                                                            const FinishTest& finishTest) const {
  const auto& eos = parameters.eosTokenIds;
  if (std::find(eos.begin(), eos.end(), candidate.token) != eos.end()) return FinishReason::eos;
  const auto reason = finishTest(candidate.beam, candidate.token);
  return reason || !lastStep() ? reason : FinishReason::length;
}

std::int32_t BeamSearch::State::append(const Candidate& candidate) {
  const Beam& parent = running[static_cast<std::size_t>(candidate.beam)];
  nodes.push_back({parent.lastToken, {candidate.token, candidate.logprob}});
  return static_cast<std::int32_t>(nodes.size()) - 1;
}

void BeamSearch::State::finish(const Candidate& candidate, FinishReason reason) {
  const float score = candidate.total / lengthNormalizer(generated + 1, parameters.lengthPenalty);
  if (!finished.accepts(score)) return;
  // Where there is no place left, another one's end is forgotten for it.
  if (!finished.full()) ++chosenTokens;
  finished.add({append(candidate), score, reason});
}

/// Parts the candidates into those that end and those that may go on. Only one of the first numBeams may
/// become a hypothesis; the others are there so that enough go on (transformers' top_num_beam_mask).
void BeamSearch::State::sortOut(std::span<const Candidate> candidates, const FinishTest& finishTest) {
  goingOn.clear();
  for (std::size_t rank = 0; rank < candidates.size(); ++rank) {
    // Enough of these go on, unless they were drawn: then a better one may follow.
    const bool enough = lastStep() || (!parameters.doSample && goingOn.size() == beamCount());
    if (rank >= beamCount() && enough) break;
    const auto reason = finishReason(candidates[rank], finishTest);
    if (!reason) {
      goingOn.push_back(candidates[rank]);
    } else if (rank < beamCount()) {
      finish(candidates[rank], *reason);
    }
  }
  std::stable_sort(goingOn.begin(), goingOn.end(),
                   [](const Candidate& a, const Candidate& b) { return a.total > b.total; });
  goingOn.resize(std::min(goingOn.size(), beamCount()));
}

/// Whether a running beam may still beat the worst hypothesis (transformers' _check_early_stop_heuristic).
bool BeamSearch::State::canImprove(float bestRunning) const {
  if (!finished.full()) return true;
  if (parameters.earlyStopping == EarlyStopping::yes) return false;
  const bool longest = parameters.earlyStopping == EarlyStopping::never && parameters.lengthPenalty > 0;
  const std::int32_t length = longest ? parameters.maxNewTokens : generated;
  return bestRunning / lengthNormalizer(length, parameters.lengthPenalty) > finished.worstScore();
}

std::vector<BeamMove> BeamSearch::State::goOn() {
  std::vector<BeamMove> moves;
  moves.reserve(goingOn.size());
  next.clear();
  for (const Candidate& candidate : goingOn) {
    next.push_back({append(candidate), candidate.total});
    moves.push_back({candidate.beam, candidate.token});
  }
  chosenTokens += static_cast<std::int32_t>(moves.size());
  std::swap(running, next);
  source->begin(static_cast<std::uint64_t>(generated));
  return moves;
}

void BeamSearch::State::end() {
  running.clear();
}

BeamSearch::BeamSearch(const DecodingParameters& parameters, std::size_t vocabularySize)
    : state_(std::make_unique<State>(parameters, vocabularySize)) {}

BeamSearch::~BeamSearch() = default;

std::int32_t BeamSearch::runningBeams() const {
  return static_cast<std::int32_t>(state_->running.size());
}

std::int32_t BeamSearch::generated() const {
  return state_->generated;
}

std::int32_t BeamSearch::chosenTokens() const {
  return state_->chosenTokens;
}

void BeamSearch::propose(std::int32_t beam, ScoreRow& row) {
  state_->source->propose({beam, state_->running[static_cast<std::size_t>(beam)].score}, row);
}

std::vector<BeamMove> BeamSearch::advance(const FinishTest& finishTest) {
  State& state = *state_;
  state.sortOut(state.source->ranked(), finishTest);
  ++state.generated;
  if (!state.goingOn.empty() && state.canImprove(state.goingOn.front().total)) return state.goOn();
  state.end();
  return {};
}

void BeamSearch::stop(FinishReason reason) {
  State& state = *state_;
  if (state.generated > 0) {
    const float normalizer = lengthNormalizer(state.generated, state.parameters.lengthPenalty);
    for (const Beam& beam : state.running)
      state.finished.add({beam.lastToken, beam.score / normalizer, reason});
  }
  state.end();
}

std::vector<Hypothesis> BeamSearch::takeHypotheses() {
  std::vector<Hypothesis> hypotheses;
  for (const FinishedBeam& finished : state_->finished.list()) {
    std::vector<BeamToken> tokens;
    for (std::int32_t node = finished.lastToken; node != kRoot;) {
      const Node& reached = state_->nodes[static_cast<std::size_t>(node)];
      tokens.push_back(reached.token);
      node = reached.parent;
    }
    std::reverse(tokens.begin(), tokens.end());
    hypotheses.push_back({std::move(tokens), finished.score, finished.reason});
  }
  return hypotheses;
}

SearchTokens BeamSearch::tokens(std::span<const std::size_t> returned) const {
  const auto& hypotheses = state_->finished.list();
  std::vector<bool> isReturned(state_->nodes.size(), false);
  std::int32_t count = 0;
  for (const std::size_t place : returned) {
    std::int32_t node = place < hypotheses.size() ? hypotheses[place].lastToken : kRoot;
    // What comes before a node that was met has been met with it.
    while (node != kRoot && !isReturned[static_cast<std::size_t>(node)]) {
      isReturned[static_cast<std::size_t>(node)] = true;
      ++count;
      node = state_->nodes[static_cast<std::size_t>(node)].parent;
    }
  }
  return {state_->chosenTokens, state_->chosenTokens - count};
}

}  // namespace glossa
