#include "decoding/kernels.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "multiversion.h"

namespace glossa::kernels {

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
/// Independent accumulators break the dependency chain of a reduction and let it vectorise without reordering
/// flags.
constexpr std::size_t kLanes = 64;
constexpr std::size_t kSumLanes = 16;

/// exp(x) for x <= 0; 0 below -87.
inline float exponential(float x) {
  constexpr float kLog2E = 1.44269504088896341F;
  constexpr float kLn2High = 0.693359375F;
  constexpr float kLn2Low = -2.12194440e-4F;
  constexpr float kRound =
      12582912.0F;  // 1.5 * 2^23: adding and subtracting it rounds to the nearest integer
  const float clamped = x < -87.0F ? -87.0F : x;
  const float n = (clamped * kLog2E + kRound) - kRound;
  const float r = (clamped - n * kLn2High) - n * kLn2Low;
  float p = 1.9875691500e-4F;
  p = p * r + 1.3981999507e-3F;
  p = p * r + 8.3334519073e-3F;
  p = p * r + 4.1665795894e-2F;
  p = p * r + 1.6666665459e-1F;
  p = p * r + 5.0000001201e-1F;
  p = p * r * r + r + 1.0F;
  const auto scale = std::bit_cast<float>((static_cast<std::int32_t>(n) + 127) << 23);
  return x < -87.0F ? 0.0F : p * scale;
}

}  // namespace

GLOSSA_MULTIVERSION
Range finiteRange(std::span<const float> values) {
  float low[kLanes];
  float high[kLanes];
  std::fill_n(low, kLanes, kInfinity);
  std::fill_n(high, kLanes, -kInfinity);
  const std::size_t whole = values.size() / kLanes * kLanes;
  for (std::size_t i = 0; i < whole; i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const float value = values[i + lane];
      const float finite = value == -kInfinity ? kInfinity : value;
      low[lane] = finite < low[lane] ? finite : low[lane];
      high[lane] = value > high[lane] ? value : high[lane];
    }
  }
  Range range{kInfinity, -kInfinity};
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    range.min = std::min(range.min, low[lane]);
    range.max = std::max(range.max, high[lane]);
  }
  for (std::size_t i = whole; i < values.size(); ++i) {
    const float value = values[i];
    if (value != -kInfinity && value < range.min) range.min = value;
    if (value > range.max) range.max = value;
  }
  return range;
}

GLOSSA_MULTIVERSION
float maximum(std::span<const float> values) {
  float high[kLanes];
  std::fill_n(high, kLanes, -kInfinity);
  const std::size_t whole = values.size() / kLanes * kLanes;
  for (std::size_t i = 0; i < whole; i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      high[lane] = values[i + lane] > high[lane] ? values[i + lane] : high[lane];
    }
  }
  float max = *std::max_element(high, high + kLanes);
  for (std::size_t i = whole; i < values.size(); ++i) max = values[i] > max ? values[i] : max;
  return max;
}

GLOSSA_MULTIVERSION
void divide(std::span<float> values, float divisor) {
  float* const data = values.data();
  const std::size_t count = values.size();
  for (std::size_t i = 0; i < count; ++i) data[i] /= divisor;
}

GLOSSA_MULTIVERSION
double exponentials(std::span<const float> scores, float max, std::span<float> weights) {
  constexpr std::size_t kBlock =
      1024;  // float partial sums of a block stay exact enough to be added in double
  const float* const in = scores.data();
  float* const out = weights.data();
  double total = 0;
  for (std::size_t start = 0; start < scores.size(); start += kBlock) {
    const std::size_t end = std::min(start + kBlock, scores.size());
    for (std::size_t i = start; i < end; ++i) out[i] = exponential(in[i] - max);
    total += sum(weights.subspan(start, end - start));
  }
  return total;
}

GLOSSA_MULTIVERSION
double sumOfExponentials(std::span<const float> scores, float max) {
  constexpr std::size_t kBlock = 16 * kLanes;  // a lane's 16 terms stay exact enough to be added in float
  const float* const in = scores.data();
  const std::size_t whole = scores.size() / kLanes * kLanes;
  double total = 0;
  for (std::size_t start = 0; start < whole; start += kBlock) {
    float lanes[kLanes] = {};
    const std::size_t end = std::min(start + kBlock, whole);
    for (std::size_t i = start; i < end; i += kLanes) {
      for (std::size_t lane = 0; lane < kLanes; ++lane) lanes[lane] += exponential(in[i + lane] - max);
    }
    for (const float lane : lanes) total += static_cast<double>(lane);
  }
  for (std::size_t i = whole; i < scores.size(); ++i) total += static_cast<double>(exponential(in[i] - max));
  return total;
}

GLOSSA_MULTIVERSION
void gelu(std::span<const float> values, std::span<float> out) {
  constexpr float kScale = 1.5957691216057308F;  // 2 sqrt(2 / pi)
  constexpr float kCubic = 0.044715F;
  const float* const in = values.data();
  float* const to = out.data();
  const std::size_t count = values.size();
  for (std::size_t i = 0; i < count; ++i) {
    const float x = in[i];
    const float inner = kScale * x * (1.0F + kCubic * x * x);
    // The exponential is one of numbers that are not positive.
    const float below = exponential(inner > 0 ? -inner : inner);
    to[i] = x * (inner > 0 ? 1.0F : below) / (1.0F + below);
  }
}

GLOSSA_MULTIVERSION
double sum(std::span<const float> values) {
  double lanes[kSumLanes] = {};
  const std::size_t whole = values.size() / kSumLanes * kSumLanes;
  for (std::size_t i = 0; i < whole; i += kSumLanes) {
    for (std::size_t lane = 0; lane < kSumLanes; ++lane) lanes[lane] += static_cast<double>(values[i + lane]);
  }
  double total = 0;
  for (const double lane : lanes) total += lane;
  for (std::size_t i = whole; i < values.size(); ++i) total += static_cast<double>(values[i]);
  return total;
}

GLOSSA_MULTIVERSION
std::size_t countAtLeast(std::span<const float> values, float bound) {
  std::uint32_t count = 0;
  for (const float value : values) count += value >= bound ? 1U : 0U;
  return count;
}

GLOSSA_MULTIVERSION
void clearBelow(std::span<const float> keys, float bound, std::span<float> values, float filler) {
  const float* const in = keys.data();
  float* const out = values.data();
  const std::size_t count = keys.size();
  // A loop of its own, which vectorises: the other one would find its rows to overlap.
  if (in == out) {
    for (std::size_t i = 0; i < count; ++i) out[i] = out[i] >= bound ? out[i] : filler;
    return;
  }
  for (std::size_t i = 0; i < count; ++i) out[i] = in[i] >= bound ? out[i] : filler;
}

GLOSSA_MULTIVERSION
void subtract(std::span<float> values, float first, float second) {
  float* const data = values.data();
  const std::size_t count = values.size();
  for (std::size_t i = 0; i < count; ++i) data[i] = (data[i] - first) - second;
}

GLOSSA_MULTIVERSION
void replaceInvalid(std::span<float> values) {
  constexpr float kLargest = std::numeric_limits<float>::max();
  float* const data = values.data();
  const std::size_t count = values.size();
  for (std::size_t i = 0; i < count; ++i) {
    const float value = data[i];
    const float below = value > kLargest ? kLargest : value;
    const float finite = below < -kLargest ? -kLargest : below;
    data[i] = value == value ? finite : 0.0F;
  }
}

GLOSSA_MULTIVERSION
double weightedDistance(std::span<const float> weights, std::span<const float> scores, float max) {
  double lanes[kSumLanes] = {};
  const auto term = [&](std::size_t i) {
    return weights[i] > 0 ? static_cast<double>(weights[i] * (scores[i] - max)) : 0.0;
  };
  const std::size_t whole = weights.size() / kSumLanes * kSumLanes;
  for (std::size_t i = 0; i < whole; i += kSumLanes) {
    for (std::size_t lane = 0; lane < kSumLanes; ++lane) lanes[lane] += term(i + lane);
  }
  double total = 0;
  for (const double lane : lanes) total += lane;
  for (std::size_t i = whole; i < weights.size(); ++i) total += term(i);
  return total;
}

GLOSSA_MULTIVERSION
void typicality(std::span<const float> scores, float max, float logSum, float entropy,
                std::span<float> keys) {
  const float* const in = scores.data();
  float* const out = keys.data();
  const std::size_t count = scores.size();
  for (std::size_t i = 0; i < count; ++i) {
    const float information = -((in[i] - max) - logSum);
    out[i] = -std::abs(information - entropy);
  }
}

GLOSSA_MULTIVERSION
void bucketize(std::span<const float> scores, float max, float scale, std::uint16_t last,
               std::span<std::uint16_t> buckets) {
  const float limit = static_cast<float>(last);
  const float* const in = scores.data();
  std::uint16_t* const out = buckets.data();
  const std::size_t count = scores.size();
  for (std::size_t i = 0; i < count; ++i) {
    const float distance = (max - in[i]) * scale;
    // Written so that NaN (inf - inf) goes to the last bucket, where dropped tokens are.
    const float clamped = distance < limit ? distance : limit;
    out[i] = static_cast<std::uint16_t>(static_cast<std::int32_t>(clamped));
  }
}

}  // namespace glossa::kernels
