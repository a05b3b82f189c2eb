// The scores of one row's next token, on their way from logits to a choice.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "decoding/cut.h"

namespace glossa {

inline constexpr float kDropped = -std::numeric_limits<float>::infinity();

/// A vocabulary-sized row of float32 scores. A dropped token has the score -inf.
///
/// Filters that leave few tokens make the row sparse: only the survivors are kept, in ascending order of id,
/// and later passes cost next to nothing. Which form a row has is invisible in its results.
class ScoreRow {
 public:
  /// Starts over with a copy of the logits; the row is dense.
  void assign(std::span<const float> logits);

  /// Scores of the tokens still in the row, in ascending order of id. Writing to them forgets the weights.
  std::span<float> scores();
  std::span<const float> scores() const { return {scores_.data(), scores_.size()}; }
  /// Number of entries; in a dense row some may be -inf.
  std::size_t size() const { return scores_.size(); }
  /// Token id of entry `index`.
  std::int32_t id(std::size_t index) const {
    return sparse_ ? ids_[index] : static_cast<std::int32_t>(index);
  }
  /// Score of a token; only in a dense row, in which processors that know tokens run.
  float& scoreOf(std::int32_t token);
  std::size_t vocabularySize() const { return vocabularySize_; }

  /// exp(score - reference) of every entry, computed once until scores change. Zeros if all were dropped.
  std::span<const float> weights();
  /// Sum of the weights.
  double weightSum();
  /// The score that has the weight 1: the largest one when the weights were computed; -inf if all were
  /// dropped.
  float reference();
  /// Entropy, in nats, of the distribution that the scores are logits of; 0 if all were dropped.
  double entropy();

  /// Makes the scores log-probabilities: subtracts the logarithm of the sum of their exponentials, as
  /// torch.log_softmax does. A row of which nothing is left stays as it is.
  void normalize();
  /// Drops every token; a score can be given again while the row is dense.
  void dropAll();
  /// Whether everything was dropped.
  bool isEmpty() const;
  /// Drops every entry whose score is below `score`.
  void dropBelow(float score);
  /// Drops every entry whose key is below `key`. There is a key for each entry; they may be the weights.
  void dropBelow(std::span<const float> keys, float key);
  /// Like dropBelow, but of the entries with exactly this score only the `ties` highest ids stay.
  void dropBelow(float score, std::size_t ties);
  /// Drops all other entries.
  /// @param entries indices in ascending order
  void keepOnly(std::span<const std::size_t> entries);

  /// The whole row as processors left it, -inf for what was dropped. `out` is vocabulary-sized.
  void toDense(std::span<float> out) const;

  CutFinder& cutFinder() { return cutFinder_; }
  /// Working memory for a processor while it is applied; what it holds is unspecified.
  std::span<float> scratch(std::size_t count);

 private:
  void computeWeights();
  void compact(std::span<const float> keys, float key);
  void mask(std::span<const float> keys, float key);
  void shrink(std::size_t kept);
  void sumWeights();

  std::vector<float> scores_;
  std::vector<std::int32_t> ids_;
  std::vector<float> weights_;
  std::vector<float> scratch_;
  double weightSum_ = 0;
  float reference_ = kDropped;  ///< valid while weights are
  std::size_t vocabularySize_ = 0;
  bool sparse_ = false;
  bool weighed_ = false;
  CutFinder cutFinder_;
};

}  // namespace glossa
