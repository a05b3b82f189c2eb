#include "decoding/candidates.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <utility>

#include "decoding/candidate_draws.h"
#include "multiversion.h"

namespace glossa {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::size_t kBlock = 64;

bool isBetter(const Candidate& a, const Candidate& b) {
  if (a.key != b.key) return a.key > b.key;
  return a.beam != b.beam ? a.beam < b.beam : a.token < b.token;
}

/// The largest value of each block of kBlock (NaNs are passed over).
GLOSSA_MULTIVERSION
void blockMaxima(std::span<const float> values, std::span<float> maxima) {
  constexpr std::size_t kLanes = 16;
  for (std::size_t block = 0; block < maxima.size(); ++block) {
    const std::size_t start = block * kBlock;
    const std::size_t end = std::min(start + kBlock, values.size());
    float lanes[kLanes];
    std::fill_n(lanes, kLanes, kDropped);
    std::size_t i = start;
    for (; i + kLanes <= end; i += kLanes) {
      for (std::size_t lane = 0; lane < kLanes; ++lane)
        lanes[lane] = values[i + lane] > lanes[lane] ? values[i + lane] : lanes[lane];
    }
    for (; i < end; ++i) lanes[0] = values[i] > lanes[0] ? values[i] : lanes[0];
    for (std::size_t width = kLanes / 2; width > 0; width /= 2) {
      for (std::size_t lane = 0; lane < width; ++lane)
        lanes[lane] = lanes[lane + width] > lanes[lane] ? lanes[lane + width] : lanes[lane];
    }
    maxima[block] = lanes[0];
  }
}

/// Beam search proper: the highest totals of all beams.
class HighestTotals final : public CandidateSource {
 public:
  explicit HighestTotals(std::size_t count) : best_(count) {}

  void begin(std::uint64_t /*step*/) override { best_.clear(); }

  void propose(const RunningBeam& beam, ScoreRow& row) override {
    const auto scores = std::as_const(row).scores();
    maxima_.resize((scores.size() + kBlock - 1) / kBlock);
    blockMaxima(scores, maxima_);
    // Compared as totals: rounding can make scores on both sides of a bound equal, and then the lower id
    // wins.
    const float bound = lowerBound() + beam.score;
    for (std::size_t block = 0; block < maxima_.size(); ++block) {
      if (!isWanted(maxima_[block] + beam.score, bound)) continue;
      const std::size_t end = std::min((block + 1) * kBlock, scores.size());
      for (std::size_t i = block * kBlock; i < end; ++i) {
        const float total = scores[i] + beam.score;
        if (!isWanted(total, bound)) continue;
        best_.offer({static_cast<double>(total), total, scores[i], beam.index, row.id(i)});
      }
    }
  }

  std::span<const Candidate> ranked() override { return best_.ranked(); }

 private:
  bool isWanted(float total, float bound) const {
    return total >= bound && isViable(total) && static_cast<double>(total) >= best_.worstKey();
  }

  /// At least as many blocks as candidates are kept reach this score, hence as many entries do. Without it a
  /// row in ascending order would have every entry replace another.
  float lowerBound() {
    const std::size_t count = best_.capacity();
    if (maxima_.size() < count) return kDropped;
    sorted_ = maxima_;
    const auto nth = sorted_.begin() + static_cast<std::ptrdiff_t>(count - 1);
    std::nth_element(sorted_.begin(), nth, sorted_.end(), std::greater<>());
    return *nth;
  }

  TopCandidates best_;
  std::vector<float> maxima_;
  std::vector<float> sorted_;
};

}  // namespace

TopCandidates::TopCandidates(std::size_t capacity) : capacity_(capacity), worstKey_(-kInfinity) {}

void TopCandidates::clear() {
  heap_.clear();
  worstKey_ = -kInfinity;
}

void TopCandidates::offer(const Candidate& candidate) {
  if (heap_.size() == capacity_) {
    if (!isBetter(candidate, heap_.front())) return;
    std::pop_heap(heap_.begin(), heap_.end(), isBetter);
    heap_.back() = candidate;
  } else {
    heap_.push_back(candidate);
  }
  std::push_heap(heap_.begin(), heap_.end(), isBetter);
  if (heap_.size() == capacity_) worstKey_ = heap_.front().key;
}

std::span<const Candidate> TopCandidates::ranked() {
  std::sort_heap(heap_.begin(), heap_.end(), isBetter);
  return heap_;
}

std::size_t candidatesPerStep(const DecodingParameters& parameters) {
  return std::max<std::size_t>(2, 1 + parameters.eosTokenIds.size()) *
         static_cast<std::size_t>(parameters.numBeams);
}

std::unique_ptr<CandidateSource> makeCandidateSource(const DecodingParameters& parameters,
                                                     std::size_t vocabularySize) {
  const std::size_t count = candidatesPerStep(parameters);
  if (!parameters.doSample) return std::make_unique<HighestTotals>(count);
  return makeCandidateDraws(parameters, count, vocabularySize);
}

}  // namespace glossa
