// Vectorised passes over rows of scores. All run on the calling thread and allocate nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace glossa::kernels {

struct Range {
  float min;  // smallest finite value; +inf if there is none
  float max;  // largest value; -inf if there is none
};

/// Smallest finite and largest value of a row. NaNs are passed over.
Range finiteRange(std::span<const float> values);

/// Largest value of a row (NaNs are passed over); -inf for an empty row.
float maximum(std::span<const float> values);

/// values[i] / divisor, in place.
void divide(std::span<float> values, float divisor);

/// weights[i] = exp(scores[i] - max), zero for -inf. Returns their sum, accumulated in double.
///
/// The exponential is a Cody-Waite reduction with a degree-6 polynomial; relative error below 2e-7.
double exponentials(std::span<const float> scores, float max, std::span<float> weights);

/// The sum alone.
double sumOfExponentials(std::span<const float> scores, float max);

/// The tanh form of GELU of each value, in float32: x / (1 + exp(-2 sqrt(2 / pi) (x + 0.044715 x^3))).
void gelu(std::span<const float> values, std::span<float> out);

/// Sum in double.
double sum(std::span<const float> values);

/// Number of values that are at least `bound`.
std::size_t countAtLeast(std::span<const float> values, float bound);

/// values[i] = filler where keys[i] is below `bound`. Keys and values may be the same row.
void clearBelow(std::span<const float> keys, float bound, std::span<float> values, float filler);

/// values[i] = (values[i] - first) - second, in place.
void subtract(std::span<float> values, float first, float second);

/// Replaces NaN by 0 and infinities by the largest and smallest finite values, in place.
void replaceInvalid(std::span<float> values);

/// Sum, in double, of weights[i] * (scores[i] - max). Weights of dropped scores are 0 and count nothing.
double weightedDistance(std::span<const float> weights, std::span<const float> scores, float max);

/// keys[i] = -|-((scores[i] - max) - logSum) - entropy|: minus how far a token's information is from the
/// expected one; -inf for dropped scores.
void typicality(std::span<const float> scores, float max, float logSum, float entropy, std::span<float> keys);

/// buckets[i] = clamp((max - scores[i]) * scale, 0, last): monotonic, so a higher score never has a higher
/// bucket.
void bucketize(std::span<const float> scores, float max, float scale, std::uint16_t last,
               std::span<std::uint16_t> buckets);

/// Adds each mass (1 where there are none) to its bucket. Neighbours go to different copies of the histogram,
/// which lie one after the other: where many share a bucket, a single counter would make every addition wait
/// for the one before.
void addToHistogram(std::span<const std::uint16_t> buckets, std::span<const float> masses,
                    std::span<double> copies, std::size_t bucketCount);

/// Collects the scores, and the masses if there are any, of one bucket, but for scores of -inf and NaN.
/// Returns their number. The rows may be collected into themselves.
std::size_t gatherBucket(std::span<const std::uint16_t> buckets, std::uint16_t wanted,
                         std::span<const float> scores, std::span<const float> masses, float* scoresOut,
                         float* massesOut);

/// Entries of a row, moved together.
struct Entries {
  float* scores;
  float* weights;     // null: there are none
  std::int32_t* ids;  // written
  bool idsGiven;      // false: an entry's id is its index
};

/// Moves the entries whose key is at least `bound` to the front and returns their number. The keys may be the
/// scores or the weights.
std::size_t compact(std::span<const float> keys, float bound, const Entries& entries);

}  // namespace glossa::kernels
