#include "decoding/chooser.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "decoding/kernels.h"
#include "decoding/torch_random.h"

namespace glossa {

namespace {

Choice choiceAt(ScoreRow& row, std::size_t index) {
  const double probability = static_cast<double>(row.weights()[index]) / row.weightSum();
  return {row.id(index), static_cast<float>(std::log(probability))};
}

class Greedy final : public TokenChooser {
 public:
  std::optional<Choice> choose(ScoreRow& row, std::uint64_t /*step*/) const override {
    const auto scores = std::as_const(row).scores();
    const float max = kernels::maximum(scores);
    const auto best = std::find(scores.begin(), scores.end(), max);
    if (best == scores.end()) return std::nullopt;
    // A row in which everything was dropped has its first maximum at id 0, as in torch.argmax.
    if (max == kDropped) return Choice{row.id(0), 0.0F};
    return choiceAt(row, static_cast<std::size_t>(best - scores.begin()));
  }
};

/// Inverts the cumulative distribution in order of id: whole blocks first, then inside the block.
class Multinomial final : public TokenChooser {
 public:
  explicit Multinomial(RandomStream random) : random_(random) {}

  std::optional<Choice> choose(ScoreRow& row, std::uint64_t step) const override {
    const auto weights = row.weights();
    const double total = row.weightSum();
    if (!(total > 0) || !std::isfinite(total)) return std::nullopt;
    const double target = random_.uniform(step) * total;
    double passed = 0;
    std::size_t index = 0;
    while (index + kBlock <= weights.size()) {
      const double block = kernels::sum(weights.subspan(index, kBlock));
      if (passed + block > target) break;
      passed += block;
      index += kBlock;
    }
    std::size_t chosen = weights.size();
    for (; index < weights.size(); ++index) {
      if (weights[index] <= 0) continue;
      chosen = index;
      passed += static_cast<double>(weights[index]);
      if (passed > target) break;
    }
    if (chosen == weights.size()) chosen = lastPositive(weights);
    return choiceAt(row, chosen);
  }

 private:
  static constexpr std::size_t kBlock = 256;

  /// Rounding can leave the target just past the end of the accumulated sum; the last possible token is then
  /// meant.
  static std::size_t lastPositive(std::span<const float> weights) {
    std::size_t index = weights.size() - 1;
    while (index > 0 && weights[index] <= 0) --index;
    return index;
  }

  RandomStream random_;
};

/// torch.multinomial with one draw: the highest of probability / Exp(1). Every step takes a variate for each
/// token of each of the request's sequences, one sequence after the other, finished or not.
class TorchMultinomial final : public TokenChooser {
 public:
  TorchMultinomial(std::uint64_t seed, SequencePlace sequence)
      : seed_(seed), sequence_(sequence), variates_(seed) {}

  std::optional<Choice> choose(ScoreRow& row, std::uint64_t step) const override {
    const auto weights = row.weights();
    if (!(row.weightSum() > 0) || !std::isfinite(row.weightSum())) return std::nullopt;
    seek((step * sequence_.count + sequence_.index) * row.vocabularySize());
    std::optional<std::size_t> chosen;
    double highest = 0;
    const std::uint64_t start = position_;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      seek(start + static_cast<std::uint64_t>(row.id(i)));
      const double uniform = variates_.nextUniform();
      ++position_;
      const auto weight = static_cast<double>(weights[i]);
      // The variate is at least the uniform number: most tokens are out of the race without a logarithm.
      if (weight * kSlack <= uniform * highest) continue;
      const double quotient = weight / static_cast<double>(TorchExponentials::variateOf(uniform));
      if (chosen && quotient <= highest) continue;
      highest = quotient;
      chosen = i;
    }
    if (!chosen) return std::nullopt;
    return choiceAt(row, *chosen);
  }

 private:
  static constexpr double kSlack = 1 + 1e-6;  // more than variates are rounded by

  void seek(std::uint64_t position) const {
    if (position < position_) {
      variates_ = TorchExponentials(seed_);
      position_ = 0;
    }
    variates_.skip(position - position_);
    position_ = position;
  }

  std::uint64_t seed_;
  SequencePlace sequence_;
  // A memory of how far the stream was read; what is chosen depends on the step alone.
  mutable TorchExponentials variates_;
  mutable std::uint64_t position_ = 0;
};

}  // namespace

std::unique_ptr<TokenChooser> makeChooser(const DecodingParameters& parameters, SequencePlace sequence) {
  if (!parameters.doSample) return std::make_unique<Greedy>();
  if (parameters.generator == Generator::torch)
    return std::make_unique<TorchMultinomial>(parameters.seed, sequence);
  return std::make_unique<Multinomial>(RandomStream(parameters.seed, sequence.index));
}

}  // namespace glossa
