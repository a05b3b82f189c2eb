// Processed scores in, one token out.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "decoding/parameters.h"
#include "decoding/random.h"
#include "decoding/score_row.h"

namespace glossa {

struct Choice {
  std::int32_t token;
  float logprob;  ///< natural logarithm of its probability under the processed scores
};

class TokenChooser {
 public:
  virtual ~TokenChooser() = default;
  /// Chooses the `step`-th token (0-based) of its sequence; nothing if no token is left to choose.
  /// Steps that come in order are the fastest. One thread at a time.
  virtual std::optional<Choice> choose(ScoreRow& row, std::uint64_t step) const = 0;
};

/// Which of a request's sequences.
struct SequencePlace {
  std::uint32_t index;
  std::uint32_t count;  ///< numReturnSequences
};

/// Greedy (argmax, ties to the lowest id) or one multinomial draw a step, as the parameters say.
std::unique_ptr<TokenChooser> makeChooser(const DecodingParameters& parameters, SequencePlace sequence);

}  // namespace glossa
