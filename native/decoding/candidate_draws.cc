#include "decoding/candidate_draws.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "decoding/kernels.h"
#include "decoding/random.h"
#include "decoding/torch_random.h"

namespace glossa {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// The weights of a row, from which entries are drawn and taken away.
class WeightUrn {
 public:
  void fill(std::span<const float> weights) {
    weights_.assign(weights.begin(), weights.end());
    masses_.clear();
    for (std::size_t start = 0; start < weights_.size(); start += kBlock) masses_.push_back(massOf(start));
  }

  double remaining() const { return std::accumulate(masses_.begin(), masses_.end(), 0.0); }

  /// Takes out the entry at which the accumulated weights, in order of index, exceed `target` (below
  /// remaining(), which is positive).
  std::size_t take(double target) {
    // Rounding can put the target past the end: then the last entry with any weight is meant.
    std::size_t block = 0;
    std::size_t fallback = 0;
    for (; block < masses_.size(); ++block) {
      if (masses_[block] <= 0) continue;
      fallback = block;
      if (masses_[block] > target) break;
      target -= masses_[block];
    }
    const std::size_t start = std::min(block, fallback) * kBlock;
    const std::size_t end = std::min(start + kBlock, weights_.size());
    std::size_t taken = start;
    for (std::size_t i = start; i < end; ++i) {
      if (weights_[i] <= 0) continue;
      taken = i;
      target -= static_cast<double>(weights_[i]);
      if (target < 0) break;
    }
    weights_[taken] = 0;
    masses_[start / kBlock] = massOf(start);
    return taken;
  }

 private:
  static constexpr std::size_t kBlock = 256;

  double massOf(std::size_t start) const {
    return kernels::sum(
        std::span<const float>(weights_).subspan(start, std::min(kBlock, weights_.size() - start)));
  }

  std::vector<float> weights_;
  std::vector<double> masses_;  // of each block
};

/// Glossa's own draws. In every beam tokens arrive as a Poisson process whose rate is the mass that remains;
/// the earliest arrivals over all beams are draws without replacement from all beams together, and no beam
/// needs to know of the others.
class ExponentialRace final : public CandidateSource {
 public:
  ExponentialRace(std::uint64_t seed, std::size_t count) : seed_(seed), earliest_(count) {}

  void begin(std::uint64_t step) override {
    step_ = step;
    earliest_.clear();
  }

  void propose(const RunningBeam& beam, ScoreRow& row) override {
    const auto scores = std::as_const(row).scores();
    const float max = kernels::maximum(scores);
    if (!isViable(max + beam.score)) return;
    urn_.fill(row.weights());
    const RandomStream random(seed_, static_cast<std::uint32_t>(beam.index));
    const double logScale = static_cast<double>(max) + static_cast<double>(beam.score);
    double time = 0;
    for (std::uint32_t draw = 0; draw < earliest_.capacity(); ++draw) {
      const double remaining = urn_.remaining();
      if (!(remaining > 0) || !std::isfinite(remaining)) return;
      const UniformPair uniforms = random.uniformPair(step_, draw);
      time += -std::log1p(-uniforms.first) / remaining;
      // In logarithms: beams far behind the best would arrive beyond the range of doubles.
      const double key = logScale - std::log(time);
      if (key < earliest_.worstKey()) return;
      const std::size_t index = urn_.take(uniforms.second * remaining);
      const float total = scores[index] + beam.score;
      if (isViable(total)) earliest_.offer({key, total, scores[index], beam.index, row.id(index)});
    }
  }

  std::span<const Candidate> ranked() override { return earliest_.ranked(); }

 private:
  std::uint64_t seed_;
  std::uint64_t step_ = 0;
  TopCandidates earliest_;
  WeightUrn urn_;
};

/// torch.multinomial without replacement over the softmax of all totals: the highest of probability / Exp(1),
/// compared as logarithms. Every step takes a variate for each token of numBeams rows, whether these run or
/// not.
class TorchDraws final : public CandidateSource {
 public:
  TorchDraws(const DecodingParameters& parameters, std::size_t count, std::size_t vocabularySize)
      : rows_(static_cast<std::size_t>(parameters.numBeams)),
        vocabularySize_(vocabularySize),
        rowStarts_{TorchExponentials(parameters.seed)},
        highest_(count) {}

  void begin(std::uint64_t step) override {
    if (step > 0) {
      const TorchExponentials next = rowStart(rows_);
      rowStarts_.assign(1, next);
    }
    highest_.clear();
    logMass_ = -kInfinity;
  }

  void propose(const RunningBeam& beam, ScoreRow& row) override {
    const auto scores = std::as_const(row).scores();
    const float max = kernels::maximum(scores);
    if (!isViable(max + beam.score)) return;
    const auto weights = row.weights();
    const double logScale = static_cast<double>(max) + static_cast<double>(beam.score);
    addMass(logScale + std::log(row.weightSum()));
    TorchExponentials variates = rowStart(static_cast<std::size_t>(beam.index));
    std::size_t passed = 0;
    for (std::size_t i = 0; i < scores.size(); ++i) {
      const auto token = static_cast<std::size_t>(row.id(i));
      variates.skip(token - passed);
      passed = token + 1;
      const double uniform = variates.nextUniform();
      if (uniform > farthest(weights[i], logScale)) continue;
      const float total = scores[i] + beam.score;
      if (!isViable(total)) continue;
      const auto variate = static_cast<double>(TorchExponentials::variateOf(uniform));
      highest_.offer(
          {static_cast<double>(total) - std::log(variate), total, scores[i], beam.index, row.id(i)});
    }
  }

  std::span<const Candidate> ranked() override {
    drawn_.clear();
    for (const Candidate& candidate : highest_.ranked()) {
      // torch's float32 softmax makes these zero.
      if (static_cast<double>(candidate.total) - logMass_ >= kLogSmallest) drawn_.push_back(candidate);
    }
    return drawn_;
  }

 private:
  static constexpr double kLogSmallest = -103.97;  // of half the smallest float32

  /// A uniform number beyond this has no chance: its variate is at least as large. Saves most logarithms.
  double farthest(float weight, double logScale) {
    const double distance = logScale - highest_.worstKey();
    if (distance > 50) return kInfinity;  // weights that were rounded to zero may still count
    if (distance != distance_) {
      distance_ = distance;
      reach_ = std::exp(distance) * (1 + 1e-5);  // more than weights are rounded by
    }
    return static_cast<double>(weight) * reach_;
  }

  void addMass(double logMass) {
    const double larger = std::max(logMass_, logMass);
    const double smaller = std::min(logMass_, logMass);
    logMass_ = larger + std::log1p(std::exp(smaller - larger));
  }

  /// The generator where a row of this step begins.
  const TorchExponentials& rowStart(std::size_t row) {
    while (rowStarts_.size() <= row) {
      TorchExponentials next = rowStarts_.back();
      next.skip(vocabularySize_);
      rowStarts_.push_back(next);
    }
    return rowStarts_[row];
  }

  std::size_t rows_;
  std::size_t vocabularySize_;
  std::vector<TorchExponentials> rowStarts_;
  TopCandidates highest_;
  std::vector<Candidate> drawn_;
  double logMass_ = -kInfinity;  // logarithm of the sum of all totals' exponentials
  double distance_ = 0;
  double reach_ = 1;
};

}  // namespace

std::unique_ptr<CandidateSource> makeCandidateDraws(const DecodingParameters& parameters, std::size_t count,
                                                    std::size_t vocabularySize) {
  if (parameters.generator == Generator::torch)
    return std::make_unique<TorchDraws>(parameters, count, vocabularySize);
  return std::make_unique<ExponentialRace>(parameters.seed, count);
}

}  // namespace glossa
