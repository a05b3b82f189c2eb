#include "decoding/kernels.h"
#include "decoding/processors/factories.h"

namespace glossa::processors {

namespace {

/// InfNanRemoveLogitsProcessor. What was dropped before gets the lowest finite score.
class RemoveInvalidValues final : public LogitsProcessor {
 public:
  void apply(ScoreRow& row, const TokenHistory& /*history*/) const override {
    kernels::replaceInvalid(row.scores());
  }
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

/// LogitNormalization.
class Renormalize final : public LogitsProcessor {
 public:
  void apply(ScoreRow& row, const TokenHistory& /*history*/) const override { row.normalize(); }
};

}  // namespace

Processor removeInvalidValues(const DecodingParameters& parameters) {
  return parameters.removeInvalidValues ? std::make_unique<RemoveInvalidValues>() : nullptr;
}

Processor temperature(const DecodingParameters& parameters) {
  return parameters.temperature != 1.0F ? std::make_unique<Temperature>(parameters.temperature) : nullptr;
}

Processor renormalize(const DecodingParameters& parameters) {
  return parameters.renormalizeLogits ? std::make_unique<Renormalize>() : nullptr;
}

}  // namespace glossa::processors
