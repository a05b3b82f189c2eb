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

/// Sum in double.
double sum(std::span<const float> values);

/// Number of values that are at least `bound`.
std::size_t countAtLeast(std::span<const float> values, float bound);

/// Replaces every scores[i] below `bound` by -inf.
void dropBelow(std::span<float> scores, float bound);

/// weights[i] = 0 where scores[i] is below `bound`.
void clearBelow(std::span<const float> scores, float bound, std::span<float> weights);

/// buckets[i] = clamp((max - scores[i]) * scale, 0, last): monotonic, so a higher score never has a higher
/// bucket.
void bucketize(std::span<const float> scores, float max, float scale, std::uint16_t last,
               std::span<std::uint16_t> buckets);

/// Whether any of the values is equal to wanted.
bool contains(std::span<const std::uint16_t> values, std::uint16_t wanted);

}  // namespace glossa::kernels
