#include <algorithm>
#include <cmath>
#include <utility>

#include "decoding/kernels.h"
#include "decoding/processor.h"

namespace glossa {

namespace {

/// RepetitionPenaltyLogitsProcessor (Keskar et al. 2019, CTRL): every id of the row, prompt included, once.
class RepetitionPenalty final : public LogitsProcessor {
 public:
  explicit RepetitionPenalty(float penalty) : penalty_(penalty) {}
  void apply(ScoreRow& row, const TokenHistory& history) const override {
    for (const std::int32_t token : history.distinct()) {
      float& score = row.scoreOf(token);
      score = score < 0 ? score * penalty_ : score / penalty_;
    }
  }

 private:
  float penalty_;
};

/// TemperatureLogitsWarper.
class Temperature final : public LogitsProcessor {
 public:
  explicit Temperature(float temperature) : temperature_(temperature) {}
  void apply(ScoreRow& row, const TokenHistory& /*history*/) const override {
    kernels::divide(row.scores(), temperature_);
  }

 private:
  float temperature_;
};

/// TopKLogitsWarper: all ties with the k-th highest score stay, so more than k may survive.
class TopK final : public LogitsProcessor {
 public:
  explicit TopK(std::int32_t k) : k_(static_cast<std::size_t>(k)) {}
  void apply(ScoreRow& row, const TokenHistory& /*history*/) const override {
    if (k_ >= row.size()) return;
    row.dropBelow(row.cutFinder().find(std::as_const(row).scores(), {}, static_cast<double>(k_)).score);
  }

 private:
  std::size_t k_;
};

/// TopPLogitsWarper (Holtzman et al. 2020): a token stays if the mass ranked above it is less than p. Of
/// tokens that tie at the boundary the highest ids stay, as many as it takes, because transformers walks an
/// ascending sort.
class TopP final : public LogitsProcessor {
 public:
  explicit TopP(double p) : p_(p) {}
  void apply(ScoreRow& row, const TokenHistory& /*history*/) const override {
    const double target = p_ * row.weightSum();
    // Taken before find(): the span must see weights that are already there.
    const auto weights = row.weights();
    const Cut cut = row.cutFinder().find(std::as_const(row).scores(), weights, target);
    const double ties = cut.tiedMass > 0 ? std::ceil((target - cut.massAbove) / cut.tiedMass) : 1.0;
    row.dropBelow(cut.score,
                  static_cast<std::size_t>(std::clamp(ties, 1.0, static_cast<double>(row.size()))));
  }

 private:
  double p_;
};

}  // namespace

LogitsProcessorList makeProcessors(const DecodingParameters& parameters) {
  LogitsProcessorList list;
  if (parameters.repetitionPenalty != 1.0F) {
    list.push_back(std::make_unique<RepetitionPenalty>(parameters.repetitionPenalty));
  }
  if (!parameters.doSample) return list;
  if (parameters.temperature != 1.0F) list.push_back(std::make_unique<Temperature>(parameters.temperature));
  if (parameters.topK != 0) list.push_back(std::make_unique<TopK>(parameters.topK));
  if (parameters.topP < 1.0) list.push_back(std::make_unique<TopP>(parameters.topP));
  return list;
}

}  // namespace glossa
