// Beam search and beam sampling as transformers >= 4.54 defines them (`GenerationMixin._beam_search`), for
// one prompt.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "decoding/finish_reason.h"
#include "decoding/parameters.h"
#include "decoding/score_row.h"

namespace glossa {

/// A generated token and the processed log-probability it was chosen with.
struct BeamToken {
  std::int32_t token;
  float logprob;
};

/// A finished continuation of the prompt.
struct Hypothesis {
  std::vector<BeamToken> tokens;  ///< generated ones, EOS included
  float score;                    ///< sum of log-probabilities / length ^ lengthPenalty (sequences_scores)
  FinishReason reason;
};

/// A running beam of the next step.
struct BeamMove {
  std::int32_t parent;  ///< the beam of this step that it continues
  std::int32_t token;
};

/// Tokens that a search took. One that several hypotheses begin with counts once.
struct SearchTokens {
  /// Those that its running beams were continued with, and those that ended hypotheses: of these no more than
  /// it keeps, numBeams, as a better one takes the place of another. At most numBeams for each step.
  std::int32_t chosen = 0;
  std::int32_t discarded = 0;  ///< those of them that are in none of the hypotheses that are returned
};

/// Chooses each beam's continuations from its processed scores (candidates.cc).
class CandidateSource;

/// The search of one request. Each step every running beam proposes its best continuations, in any order;
/// then advance() picks the beams that go on. Knows neither logits' origin nor KV cells.
class BeamSearch {
 public:
  /// Says whether beam `parent` continued with `token` ends, and why; nullopt if it goes on. EOS is known
  /// here already and not asked for; maxNewTokens is the reason where there is no other.
  using FinishTest = std::function<std::optional<FinishReason>(std::int32_t parent, std::int32_t token)>;

  /// @param vocabularySize entries of a row
  BeamSearch(const DecodingParameters& parameters, std::size_t vocabularySize);
  ~BeamSearch();
  BeamSearch(const BeamSearch&) = delete;
  BeamSearch& operator=(const BeamSearch&) = delete;

  /// Beams that run in this step: 1 in the first (the prompt), at most numBeams later, fewer if fewer
  /// continuations exist.
  std::int32_t runningBeams() const;
  /// Tokens that each running beam has generated.
  std::int32_t generated() const;
  /// Tokens that were chosen so far, see SearchTokens.
  std::int32_t chosenTokens() const;

  /// Takes the scores of a running beam: log-softmax of its logits, then processed (transformers' order).
  /// Keeps what advance() needs of it; the row may be reused afterwards.
  void propose(std::int32_t beam, ScoreRow& row);

  /// Ends the step: merges finished continuations into the hypotheses and returns the next running beams,
  /// best first. Empty: the search is over.
  ///
  /// @param finishTest asked for each candidate, at most max(2, 1 + EOS ids) x numBeams times
  std::vector<BeamMove> advance(const FinishTest& finishTest);
  /// Ends the search before its time: running beams become hypotheses as they are, normalised by the length
  /// they have, for `reason`.
  void stop(FinishReason reason);

  /// Finished hypotheses, best first; at most numBeams. Complete once advance() has returned nothing, or
  /// after stop().
  std::vector<Hypothesis> takeHypotheses();
  /// What was taken so far.
  ///
  /// @param returned which of takeHypotheses() are, by their places; those that there are not do not count
  SearchTokens tokens(std::span<const std::size_t> returned) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace glossa
