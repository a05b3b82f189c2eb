#include <cmath>
#include <utility>

#include "decoding/processors/factories.h"

namespace glossa::processors {

namespace {

/// MinLengthLogitsProcessor: no EOS before the row, prompt included, has this many tokens.
class MinLength final : public LogitsProcessor {
 public:
  MinLength(std::int32_t length, std::vector<std::int32_t> eos)
      : length_(static_cast<std::size_t>(length)), eos_(std::move(eos)) {}
  void apply(ScoreRow& row, const TokenHistory& history) const override {
    if (history.size() >= length_) return;
    for (const std::int32_t token : eos_) row.scoreOf(token) = kDropped;
  }

 private:
  std::size_t length_;
  std::vector<std::int32_t> eos_;
};

/// MinNewTokensLengthLogitsProcessor: no EOS before this many tokens were generated.
class MinNewTokens final : public LogitsProcessor {
 public:
  MinNewTokens(std::int32_t count, std::vector<std::int32_t> eos)
      : count_(static_cast<std::size_t>(count)), eos_(std::move(eos)) {}
  void apply(ScoreRow& row, const TokenHistory& history) const override {
    if (history.generated() >= count_) return;
    for (const std::int32_t token : eos_) row.scoreOf(token) = kDropped;
  }

 private:
  std::size_t count_;
  std::vector<std::int32_t> eos_;
};

/// ForcedBOSTokenLogitsProcessor: nothing else follows a row of a single token.
class ForcedBos final : public LogitsProcessor {
 public:
  explicit ForcedBos(std::int32_t token) : token_(token) {}
  void apply(ScoreRow& row, const TokenHistory& history) const override {
    if (history.size() != 1) return;
    row.dropAll();
    row.scoreOf(token_) = 0;
  }

 private:
  std::int32_t token_;
};

/// ForcedEOSTokenLogitsProcessor: nothing else can be the last token.
class ForcedEos final : public LogitsProcessor {
 public:
  ForcedEos(std::int32_t maxNewTokens, std::vector<std::int32_t> tokens)
      : maxNewTokens_(static_cast<std::size_t>(maxNewTokens)), tokens_(std::move(tokens)) {}
  void apply(ScoreRow& row, const TokenHistory& history) const override {
    if (history.generated() + 1 != maxNewTokens_) return;
    row.dropAll();
    for (const std::int32_t token : tokens_) row.scoreOf(token) = 0;
  }

 private:
  std::size_t maxNewTokens_;
  std::vector<std::int32_t> tokens_;
};

/// ExponentialDecayLengthPenalty: past `start` generated tokens the scores of EOS rise by |score| x (factor^k
/// - 1).
class ExponentialDecayLength final : public LogitsProcessor {
 public:
  ExponentialDecayLength(ExponentialDecay decay, std::vector<std::int32_t> eos)
      : start_(static_cast<std::size_t>(decay.start)), factor_(decay.factor), eos_(std::move(eos)) {}
  void apply(ScoreRow& row, const TokenHistory& history) const override {
    if (history.generated() <= start_) return;
    const auto exponent = static_cast<double>(history.generated() - start_);
    const auto growth = static_cast<float>(std::pow(factor_, exponent) - 1.0);
    for (const std::int32_t token : eos_) {
      float& score = row.scoreOf(token);
      // What was banned stays banned.
      if (std::isfinite(score)) score += std::abs(score) * growth;
    }
  }

 private:
  std::size_t start_;
  double factor_;
  std::vector<std::int32_t> eos_;
};

}  // namespace

Processor minLength(const DecodingParameters& parameters) {
  // transformers overwrites min_length where min_new_tokens is given.
  if (parameters.minLength <= 0 || parameters.minNewTokens > 0 || parameters.eosTokenIds.empty())
    return nullptr;
  return std::make_unique<MinLength>(parameters.minLength, parameters.eosTokenIds);
}

Processor minNewTokens(const DecodingParameters& parameters) {
  if (parameters.minNewTokens <= 0 || parameters.eosTokenIds.empty()) return nullptr;
  return std::make_unique<MinNewTokens>(parameters.minNewTokens, parameters.eosTokenIds);
}

Processor forcedBos(const DecodingParameters& parameters) {
  if (parameters.forcedBosTokenId < 0) return nullptr;
  return std::make_unique<ForcedBos>(parameters.forcedBosTokenId);
}

Processor forcedEos(const DecodingParameters& parameters) {
  if (parameters.forcedEosTokenIds.empty()) return nullptr;
  return std::make_unique<ForcedEos>(parameters.maxNewTokens, parameters.forcedEosTokenIds);
}

Processor exponentialDecayLengthPenalty(const DecodingParameters& parameters) {
  if (!parameters.exponentialDecayLengthPenalty || parameters.eosTokenIds.empty()) return nullptr;
  return std::make_unique<ExponentialDecayLength>(*parameters.exponentialDecayLengthPenalty,
                                                  parameters.eosTokenIds);
}

}  // namespace glossa::processors
