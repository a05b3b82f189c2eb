#include "decoding/processors/factories.h"

namespace glossa::processors {

namespace {

void penalize(ScoreRow& row, std::span<const std::int32_t> tokens, float penalty) {
  for (const std::int32_t token : tokens) {
    float& score = row.scoreOf(token);
    score = score < 0 ? score * penalty : score / penalty;
  }
}

/// RepetitionPenaltyLogitsProcessor (Keskar et al. 2019, CTRL): every id of the row, prompt included, once.
class RepetitionPenalty final : public LogitsProcessor {
 public:
  explicit RepetitionPenalty(float penalty) : penalty_(penalty) {}
  void apply(ScoreRow& row, const TokenHistory& history) const override {
    penalize(row, history.distinct(), penalty_);
  }

 private:
  float penalty_;
};

/// EncoderRepetitionPenaltyLogitsProcessor: the ids of the prompt, with the inverse of the penalty.
class EncoderRepetitionPenalty final : public LogitsProcessor {
 public:
  explicit EncoderRepetitionPenalty(float penalty)
      : penalty_(static_cast<float>(1.0 / static_cast<double>(penalty))) {}
  void apply(ScoreRow& row, const TokenHistory& history) const override {
    penalize(row, history.distinctInPrompt(), penalty_);
  }

 private:
  float penalty_;
};

/// OpenAI's presence_penalty and frequency_penalty, of generated tokens only.
class OccurrencePenalties final : public LogitsProcessor {
 public:
  OccurrencePenalties(float presence, float frequency) : presence_(presence), frequency_(frequency) {}
  void apply(ScoreRow& row, const TokenHistory& history) const override {
    for (const TokenTable::Entry& entry : history.generatedTokens()) {
      row.scoreOf(entry.token) -= presence_ + frequency_ * static_cast<float>(entry.count);
    }
  }

 private:
  float presence_;
  float frequency_;
};

}  // namespace

Processor encoderRepetitionPenalty(const DecodingParameters& parameters) {
  if (parameters.encoderRepetitionPenalty == 1.0F) return nullptr;
  return std::make_unique<EncoderRepetitionPenalty>(parameters.encoderRepetitionPenalty);
}

Processor repetitionPenalty(const DecodingParameters& parameters) {
  if (parameters.repetitionPenalty == 1.0F) return nullptr;
  return std::make_unique<RepetitionPenalty>(parameters.repetitionPenalty);
}

Processor occurrencePenalties(const DecodingParameters& parameters) {
  if (parameters.presencePenalty == 0.0F && parameters.frequencyPenalty == 0.0F) return nullptr;
  return std::make_unique<OccurrencePenalties>(parameters.presencePenalty, parameters.frequencyPenalty);
}

}  // namespace glossa::processors
