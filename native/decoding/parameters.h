#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace glossa {

/// When beam search stops looking for better hypotheses (transformers' early_stopping False, True, "never").
enum class EarlyStopping {
  no,     ///< when the best running beam, at its present length, can't beat the worst finished hypothesis
  yes,    ///< as soon as there are numBeams finished hypotheses
  never,  ///< when it can't at any length up to the longest
};

/// Where random numbers come from.
enum class Generator {
  philox,  ///< Glossa's own: a function of (seed, sequence, step)
  torch,   ///< the draws of torch.multinomial on the CPU after torch.manual_seed(seed)
};

/// A sequence of tokens whose last one gets `bias` added to its score where the row ends with the others.
struct SequenceBias {
  std::vector<std::int32_t> tokens;
  float bias = 0;
};

/// exponential_decay_length_penalty: `factor` ^ (generated - start) raises the score of EOS once more than
/// `start` tokens are generated.
struct ExponentialDecay {
  std::int32_t start = 0;
  double factor = 1;
};

/// How the tokens of one request are chosen: Hugging Face GenerationConfig's names, meanings and defaults.
/// Ranges are checked where requests enter (src/generation/request.ts); nothing here can overflow a buffer.
struct DecodingParameters {
  bool doSample = false;
  std::int32_t numBeams = 1;
  EarlyStopping earlyStopping = EarlyStopping::no;
  double lengthPenalty = 1.0;

  std::int32_t maxNewTokens = 1;
  std::int32_t minLength = 0;     ///< tokens of the whole row before EOS may come; 0 is off
  std::int32_t minNewTokens = 0;  ///< generated tokens before EOS may come; 0 is off, else minLength is off
  std::vector<std::int32_t> eosTokenIds;

  std::vector<SequenceBias> sequenceBias;
  float encoderRepetitionPenalty = 1.0F;  ///< > 0; 1 is off
  float repetitionPenalty = 1.0F;         ///< > 0; 1 is off
  float presencePenalty = 0.0F;           ///< OpenAI's; 0 is off
  float frequencyPenalty = 0.0F;          ///< OpenAI's; 0 is off
  std::int32_t noRepeatNgramSize = 0;     ///< 0 is off
  std::int32_t encoderNoRepeatNgramSize = 0;
  std::vector<std::vector<std::int32_t>> badWordsIds;
  std::int32_t forcedBosTokenId = -1;  ///< negative is off
  std::vector<std::int32_t> forcedEosTokenIds;
  bool removeInvalidValues = false;
  std::optional<ExponentialDecay> exponentialDecayLengthPenalty;
  std::vector<std::int32_t> suppressTokens;
  std::vector<std::int32_t> beginSuppressTokens;

  float temperature = 1.0F;    ///< > 0; 1 is off
  double topH = 0.0;           ///< 0 is off
  std::int32_t topK = 50;      ///< 0 is off
  double topP = 1.0;           ///< 1 is off
  double minP = 0.0;           ///< 0 removes nothing
  double typicalP = 1.0;       ///< 1 is off
  double epsilonCutoff = 0.0;  ///< 0 is off
  double etaCutoff = 0.0;      ///< 0 is off
  bool renormalizeLogits = false;

  Generator generator = Generator::philox;
  std::uint64_t seed = 0;

  /// Entries that no warper may remove: 1, with beams one more than there are EOS ids and at least 2.
  std::size_t minTokensToKeep() const {
    if (numBeams == 1) return 1;
    return eosTokenIds.empty() ? 2 : eosTokenIds.size() + 1;
  }
};

}  // namespace glossa
