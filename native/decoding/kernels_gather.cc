// Passes that collect few of many entries: each looks at a block of them at once and, where it holds any,
// goes through it without a branch, because who is wanted is random and the predictor would miss at every
// other entry.
#include <algorithm>
#include <limits>

#include "decoding/kernels.h"
#include "multiversion.h"

namespace glossa::kernels {

namespace {

constexpr std::size_t kBlock = 32;
constexpr float kInfinity = std::numeric_limits<float>::infinity();

/// Whether no score is -inf or NaN.
inline bool allRanked(std::span<const float> scores) {
  std::int32_t unranked = 0;
  for (const float score : scores) unranked |= score > -kInfinity ? 0 : 1;
  return unranked == 0;
}

}  // namespace

GLOSSA_MULTIVERSION
void addToHistogram(std::span<const std::uint16_t> buckets, std::span<const float> masses,
                    std::span<double> copies, std::size_t bucketCount) {
  const std::size_t last = copies.size() / bucketCount - 1;
  const bool weighed = !masses.empty();
  for (std::size_t start = 0; start < buckets.size(); start += kBlock) {
    const std::size_t end = std::min(start + kBlock, buckets.size());
    std::uint16_t differing = 0;
    for (std::size_t i = start; i < end; ++i)
      differing |= static_cast<std::uint16_t>(buckets[i] ^ buckets[start]);
    if (differing == 0) {
      double total = 0;
      for (std::size_t i = start; weighed && i < end; ++i) total += static_cast<double>(masses[i]);
      copies[buckets[start]] += weighed ? total : static_cast<double>(end - start);
      continue;
    }
    for (std::size_t i = start; i < end; ++i)
      copies[(i & last) * bucketCount + buckets[i]] += weighed ? static_cast<double>(masses[i]) : 1.0;
  }
}

GLOSSA_MULTIVERSION
std::size_t gatherBucket(std::span<const std::uint16_t> buckets, std::uint16_t wanted,
                         std::span<const float> scores, std::span<const float> masses, float* scoresOut,
                         float* massesOut) {
  const float* const scoresIn = scores.data();
  const float* const massesIn = masses.empty() ? nullptr : masses.data();
  std::size_t kept = 0;
  for (std::size_t start = 0; start < buckets.size(); start += kBlock) {
    const std::size_t end = std::min(start + kBlock, buckets.size());
    std::uint16_t found = 0;
    std::uint16_t other = 0;
    for (std::size_t i = start; i < end; ++i) {
      found |= static_cast<std::uint16_t>(buckets[i] == wanted ? 1 : 0);
      other |= static_cast<std::uint16_t>(buckets[i] ^ wanted);
    }
    if (found == 0) continue;
    if (other == 0 && allRanked(scores.subspan(start, end - start))) {
      std::copy(scoresIn + start, scoresIn + end, scoresOut + kept);
      if (massesIn != nullptr) std::copy(massesIn + start, massesIn + end, massesOut + kept);
      kept += end - start;
      continue;
    }
    for (std::size_t i = start; i < end; ++i) {
      const float score = scoresIn[i];
      if (massesIn != nullptr) massesOut[kept] = massesIn[i];
      scoresOut[kept] = score;
      kept += static_cast<std::size_t>(buckets[i] == wanted) & static_cast<std::size_t>(score > -kInfinity);
    }
  }
  return kept;
}

GLOSSA_MULTIVERSION
std::size_t compact(std::span<const float> keys, float bound, const Entries& entries) {
  const float* const in = keys.data();
  const Entries to = entries;  // no store can be to this copy, so its pointers stay in registers
  std::size_t kept = 0;
  for (std::size_t start = 0; start < keys.size(); start += kBlock) {
    const std::size_t end = std::min(start + kBlock, keys.size());
    std::int32_t found = 0;
    for (std::size_t i = start; i < end; ++i) found |= in[i] >= bound ? 1 : 0;
    if (found == 0) continue;
    for (std::size_t i = start; i < end; ++i) {
      const bool survives = in[i] >= bound;
      to.ids[kept] = to.idsGiven ? to.ids[i] : static_cast<std::int32_t>(i);
      to.scores[kept] = to.scores[i];
      if (to.weights != nullptr) to.weights[kept] = to.weights[i];
      kept += survives ? 1 : 0;
    }
  }
  return kept;
}

}  // namespace glossa::kernels
