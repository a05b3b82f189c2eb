#pragma once

#include <cstdint>

namespace glossa {

/// How the tokens of one request are chosen: Hugging Face GenerationConfig's names, meanings and defaults.
/// Ranges are checked where requests enter (src/generation/request.ts); nothing here can overflow a buffer.
struct DecodingParameters {
  bool doSample = false;
  float temperature = 1.0F;        ///< > 0; 1 is off
  std::int32_t topK = 50;          ///< 0 is off
  double topP = 1.0;               ///< 1 is off
  float repetitionPenalty = 1.0F;  ///< > 0; 1 is off
  std::uint64_t seed = 0;
};

}  // namespace glossa
