// Finds where a ranking of scores is to be cut, without sorting the whole row.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace glossa {

/// The score at which the accumulated mass of a descending ranking first reaches a target.
struct Cut {
  float score;       ///< the boundary score
  double massAbove;  ///< mass of the entries with a strictly higher score; less than the target
  double tiedMass;   ///< mass of a single entry that has exactly this score
};

/// Working memory of findCut, kept between calls so that nothing is allocated per token.
class CutFinder {
 public:
  /// Ranks by score, descending, and accumulates masses until `target` (> 0) is reached.
  ///
  /// @param scores a row, or whatever else it is to be ranked by; -inf entries have no rank
  /// @param masses one mass for each score, or empty: then every entry weighs 1 (the n-th largest score)
  /// @param target if the whole row weighs less, the cut is at its lowest finite score
  ///
  /// Entries with equal scores must have equal masses for tiedMass to mean anything. A histogram over the
  /// scores finds the bucket that holds the crossing, then the bucket is refined until it is small enough to
  /// sort: O(n) however the scores are spread.
  Cut find(std::span<const float> scores, std::span<const float> masses, double target);

 private:
  struct Entry {
    float score;
    float mass;
  };

  void fillHistogram(std::span<const float> masses);
  std::span<const float> gatherCrossing(std::span<const float> scores, std::span<const float> masses,
                                        float max, float scale, double target, double& massAbove);
  Cut sortAndCut(std::span<const float> scores, std::span<const float> masses, double target,
                 double massAbove);

  std::vector<std::uint16_t> buckets_;
  std::vector<double> copies_;
  std::vector<double> histogram_;
  std::vector<float> scores_;
  std::vector<float> masses_;
  std::vector<Entry> entries_;
};

}  // namespace glossa
