// The finished continuations of a beam search.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "decoding/finish_reason.h"

namespace glossa {

/// What a sum of log-probabilities is divided by: length ^ lengthPenalty, rounded as torch rounds a Python
/// number before it divides a float32 tensor by it.
inline float lengthNormalizer(std::int32_t length, double lengthPenalty) {
  return static_cast<float>(std::pow(static_cast<double>(length), lengthPenalty));
}

/// A finished continuation; its tokens are a path through BeamTokens.
struct FinishedBeam {
  std::int32_t lastToken;  ///< node in the tree of tokens
  float score;
  FinishReason reason;
};

/// The best finished continuations, best first. Of equals the one that came first stays ahead.
class HypothesisList {
 public:
  explicit HypothesisList(std::size_t capacity) : capacity_(capacity) {}

  bool full() const { return list_.size() == capacity_; }
  /// Whether it would be kept.
  bool accepts(float score) const { return !full() || score > list_.back().score; }
  /// Takes it in if it is accepted; a full list loses its worst.
  void add(const FinishedBeam& finished) {
    if (!accepts(finished.score)) return;
    if (full()) list_.pop_back();
    auto place = list_.end();
    while (place != list_.begin() && finished.score > (place - 1)->score) --place;
    list_.insert(place, finished);
  }
  const std::vector<FinishedBeam>& list() const { return list_; }
  float worstScore() const { return list_.back().score; }

 private:
  std::size_t capacity_;
  std::vector<FinishedBeam> list_;
};

}  // namespace glossa
