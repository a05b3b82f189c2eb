// The continuations that one step of beam search considers: the best, or drawn without replacement.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "decoding/parameters.h"
#include "decoding/score_row.h"

namespace glossa {

/// A running beam and a token that may follow it.
struct Candidate {
  double key;     ///< ranks candidates, highest first: the total, or when it was drawn
  float total;    ///< the beam's score after the token
  float logprob;  ///< the token's processed score
  std::int32_t beam;
  std::int32_t token;
};

/// Whether a continuation with this total exists at all: not dropped by a processor. transformers has -1e9 in
/// place of beams that do not exist and would fall back on them.
constexpr bool isViable(float total) {
  return total > -1e8F;
}

/// Keeps the best of many candidates: higher keys first, ties to the lower beam, then the lower token (the
/// lower index in transformers' flattened scores).
class TopCandidates {
 public:
  explicit TopCandidates(std::size_t capacity);

  std::size_t capacity() const { return capacity_; }
  void clear();
  /// A candidate with a lower key than this has no chance; -inf until there are enough.
  double worstKey() const { return worstKey_; }
  void offer(const Candidate& candidate);
  /// Sorts what was kept, best first; nothing may be offered before the next clear().
  std::span<const Candidate> ranked();

 private:
  std::size_t capacity_;
  double worstKey_;
  std::vector<Candidate> heap_;  // the worst in front
};

/// A running beam, as a source of candidates needs to know it.
struct RunningBeam {
  std::int32_t index;
  float score;  ///< sum of its tokens' processed scores
};

/// Gathers the candidates of one step after another.
class CandidateSource {
 public:
  virtual ~CandidateSource() = default;
  /// Forgets the step before. Steps come in order, from 0.
  virtual void begin(std::uint64_t step) = 0;
  /// Takes the processed scores of one beam, each beam once a step and in any order.
  virtual void propose(const RunningBeam& beam, ScoreRow& row) = 0;
  /// The step's candidates in order of rank; valid until begin().
  virtual std::span<const Candidate> ranked() = 0;
};

/// Candidates a step: enough that numBeams are left if all EOS ids of all beams are among them
/// (transformers' beams_to_keep).
std::size_t candidatesPerStep(const DecodingParameters& parameters);

/// The highest totals, or draws without replacement when sampling.
std::unique_ptr<CandidateSource> makeCandidateSource(const DecodingParameters& parameters,
                                                     std::size_t vocabularySize);

}  // namespace glossa
