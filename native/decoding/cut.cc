#include "decoding/cut.h"

#include <algorithm>
#include <limits>

#include "decoding/kernels.h"

namespace glossa {

namespace {

constexpr std::size_t kSortable = 512;  // sorting this many costs less than another histogram pass
constexpr std::uint16_t kLastBucket = 2047;
constexpr std::size_t kBuckets = kLastBucket + 1;
constexpr std::size_t kCopies = 2;
/// Scores further than this below the maximum share the last bucket: their softmax mass is below 1e-17.
constexpr float kWindow = 40.0F;
constexpr float kInfinity = std::numeric_limits<float>::infinity();

/// Dropped entries (-inf) have no rank, and NaN, which no order can place, gets none either.
bool isRanked(float score) {
  return score > -kInfinity;
}

/// Mass of the first ranked entry.
double massOf(std::span<const float> scores, std::span<const float> masses) {
  const auto ranked = std::find_if(scores.begin(), scores.end(), isRanked);
  return ranked == scores.end()
             ? 0.0
             : static_cast<double>(masses[static_cast<std::size_t>(ranked - scores.begin())]);
}

}  // namespace

Cut CutFinder::find(std::span<const float> scores, std::span<const float> masses, double target) {
  double massAbove = 0;
  kernels::Range range = kernels::finiteRange(scores);
  bool windowed = true;
  while (scores.size() > kSortable && range.min < range.max) {
    const float width = windowed ? std::min(range.max - range.min, kWindow) : range.max - range.min;
    const float scale = static_cast<float>(kBuckets) / width;
    const std::size_t before = scores.size();
    const auto crossing = gatherCrossing(scores, masses, range.max, scale, target, massAbove);
    masses = masses.empty() ? masses : std::span<const float>(masses_);
    scores = crossing;
    range = kernels::finiteRange(scores);
    // A bucket that holds everything would not shrink: spread the buckets over the whole range the next time.
    windowed = scores.size() < before && windowed;
    if (scores.size() == before && width >= range.max - range.min) break;
  }
  // All that is left ties: no order to find.
  if (range.min >= range.max && !scores.empty())
    return {range.max, massAbove, masses.empty() ? 1.0 : massOf(scores, masses)};
  return sortAndCut(scores, masses, target, massAbove);
}

/// Adds up the masses of each bucket.
void CutFinder::fillHistogram(std::span<const float> masses) {
  copies_.assign(kCopies * kBuckets, 0.0);
  kernels::addToHistogram(buckets_, masses, copies_, kBuckets);
  histogram_.assign(kBuckets, 0.0);
  for (std::size_t copy = 0; copy < copies_.size(); copy += kBuckets) {
    for (std::size_t i = 0; i < kBuckets; ++i) histogram_[i] += copies_[copy + i];
  }
}

/// Narrows the row to the bucket in which the target is reached; adds what lies above it to massAbove.
std::span<const float> CutFinder::gatherCrossing(std::span<const float> scores, std::span<const float> masses,
                                                 float max, float scale, double target, double& massAbove) {
  const std::size_t count = scores.size();
  buckets_.resize(count);
  kernels::bucketize(scores, max, scale, kLastBucket, buckets_);
  fillHistogram(masses);
  std::uint16_t crossing = 0;
  while (crossing < kLastBucket && massAbove + histogram_[crossing] < target)
    massAbove += histogram_[crossing++];

  // The inputs may be views of scores_ and masses_ themselves, which are then large enough already.
  if (scores_.size() < count) scores_.resize(count);
  if (!masses.empty() && masses_.size() < count) masses_.resize(count);
  const std::size_t kept =
      kernels::gatherBucket(buckets_, crossing, scores, masses, scores_.data(), masses_.data());
  return std::span<const float>(scores_).first(kept);
}

Cut CutFinder::sortAndCut(std::span<const float> scores, std::span<const float> masses, double target,
                          double massAbove) {
  entries_.clear();
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (!isRanked(scores[i])) continue;
    entries_.push_back({scores[i], masses.empty() ? 1.0F : masses[i]});
  }
  std::sort(entries_.begin(), entries_.end(),
            [](const Entry& a, const Entry& b) { return a.score > b.score; });
  Cut cut{-kInfinity, massAbove, 0.0};
  double mass = massAbove;
  for (const Entry& entry : entries_) {
    if (entry.score != cut.score) cut = {entry.score, mass, static_cast<double>(entry.mass)};
    mass += static_cast<double>(entry.mass);
    if (mass >= target) break;
  }
  return cut;
}

}  // namespace glossa
