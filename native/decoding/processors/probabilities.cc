#include <algorithm>
#include <cmath>
#include <utility>

#include "decoding/kernels.h"
#include "decoding/processors/factories.h"

namespace glossa::processors {

namespace {

/// The smallest weight whose probability, rounded to float32 as torch's softmax is, is not below a threshold.
float leastWeight(float threshold, float total) {
  // Rounding puts the product next to it, a few steps away at most.
  constexpr int kSteps = 4;
  float weight = threshold * total;
  for (int i = 0; i < kSteps && weight / total < threshold; ++i) weight = std::nextafter(weight, INFINITY);
  for (int i = 0; i < kSteps; ++i) {
    const float lower = std::nextafter(weight, 0.0F);
    if (lower / total < threshold) break;
    weight = lower;
  }
  return weight;
}

/// What becomes of tokens that tie with the last one that is to be kept.
enum class Ties { all, exact };

/// Drops what is less probable than a threshold, but for the `keep` highest scores.
void dropImprobable(ScoreRow& row, float threshold, std::size_t keep, Ties ties) {
  const auto total = static_cast<float>(row.weightSum());
  if (!(total > 0)) return;
  const float bound = leastWeight(threshold, total);
  const auto weights = row.weights();
  if (kernels::countAtLeast(weights, bound) >= keep) {
    row.dropBelow(weights, bound);
    return;
  }
  const Cut cut = row.cutFinder().find(std::as_const(row).scores(), {}, static_cast<double>(keep));
  if (ties == Ties::all) {
    row.dropBelow(cut.score);
  } else {
    row.dropBelow(cut.score, keep - static_cast<std::size_t>(cut.massAbove));
  }
}

/// MinPLogitsWarper (Nguyen et al. 2024): a token stays if it has `min_p` of the highest probability.
class MinP final : public LogitsProcessor {
 public:
  MinP(double share, std::size_t keep) : share_(static_cast<float>(share)), keep_(keep) {}
  void apply(ScoreRow& row, const TokenHistory& /*history*/) const override {
    dropImprobable(row, share_ * (1.0F / static_cast<float>(row.weightSum())), keep_, Ties::exact);
  }

 private:
  float share_;
  std::size_t keep_;
};

/// TypicalLogitsWarper (Meister et al. 2022): ranks tokens by how near their information is to the entropy,
/// and keeps those before which less than `mass` was passed. `keep` is of that ranking, too.
class TypicalP final : public LogitsProcessor {
 public:
  TypicalP(double mass, std::size_t keep) : mass_(static_cast<float>(mass)), keep_(keep) {}
  void apply(ScoreRow& row, const TokenHistory& /*history*/) const override {
    const double total = row.weightSum();
    if (!(total > 0)) return;
    const auto keys = row.scratch(row.size());
    kernels::typicality(std::as_const(row).scores(), row.reference(), static_cast<float>(std::log(total)),
                        static_cast<float>(row.entropy()), keys);
    const Cut cut = row.cutFinder().find(keys, row.weights(), static_cast<double>(mass_) * total);
    row.dropBelow(keys, keep_ > 1 ? boundOf(row, keys, cut.score) : cut.score);
  }

 private:
  /// Lowers the bound until it leaves enough tokens; of those that tie there only as many stay as it takes.
  float boundOf(ScoreRow& row, std::span<float> keys, float bound) const {
    const Cut cut = row.cutFinder().find(keys, {}, static_cast<double>(keep_));
    if (cut.score >= bound) return bound;
    std::size_t ties = keep_ - static_cast<std::size_t>(cut.massAbove);
    for (float& key : keys) {
      if (key != cut.score) continue;
      if (ties == 0) key = kDropped;
      if (ties > 0) --ties;
    }
    return cut.score;
  }

  float mass_;
  std::size_t keep_;
};

/// EpsilonLogitsWarper (Hewitt et al. 2022): a token stays if its probability is at least epsilon.
class EpsilonCutoff final : public LogitsProcessor {
 public:
  EpsilonCutoff(double epsilon, std::size_t keep) : epsilon_(static_cast<float>(epsilon)), keep_(keep) {}
  void apply(ScoreRow& row, const TokenHistory& /*history*/) const override {
    dropImprobable(row, epsilon_, keep_, Ties::all);
  }

 private:
  float epsilon_;
  std::size_t keep_;
};

/// EtaLogitsWarper (Hewitt et al. 2022): like epsilon's, with a lower threshold where the entropy is high.
class EtaCutoff final : public LogitsProcessor {
 public:
  EtaCutoff(double epsilon, std::size_t keep) : epsilon_(static_cast<float>(epsilon)), keep_(keep) {}
  void apply(ScoreRow& row, const TokenHistory& /*history*/) const override {
    const float likelihood = std::exp(-static_cast<float>(row.entropy()));
    dropImprobable(row, std::min(epsilon_, std::sqrt(epsilon_) * likelihood), keep_, Ties::all);
  }

 private:
  float epsilon_;
  std::size_t keep_;
};

}  // namespace

Processor minP(const DecodingParameters& parameters) {
  if (parameters.minP <= 0) return nullptr;
  return std::make_unique<MinP>(parameters.minP, parameters.minTokensToKeep());
}

Processor typicalP(const DecodingParameters& parameters) {
  if (parameters.typicalP >= 1.0) return nullptr;
  return std::make_unique<TypicalP>(parameters.typicalP, parameters.minTokensToKeep());
}

Processor epsilonCutoff(const DecodingParameters& parameters) {
  if (!(parameters.epsilonCutoff > 0 && parameters.epsilonCutoff < 1)) return nullptr;
  return std::make_unique<EpsilonCutoff>(parameters.epsilonCutoff, parameters.minTokensToKeep());
}

Processor etaCutoff(const DecodingParameters& parameters) {
  if (!(parameters.etaCutoff > 0 && parameters.etaCutoff < 1)) return nullptr;
  return std::make_unique<EtaCutoff>(parameters.etaCutoff, parameters.minTokensToKeep());
}

}  // namespace glossa::processors
