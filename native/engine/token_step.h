#pragma once

#include <optional>
#include <span>
#include <vector>

#include "engine/logits_source.h"
#include "engine/request.h"

namespace glossa {

/// What choosing one token did to its sequence.
struct TokenOutcome {
  std::optional<Choice> choice;          ///< nothing if a grammar allowed no further token
  std::string text;                      ///< text that became final
  std::vector<TokenLogprob> logprobs;    ///< if the request asks for them: of the choice, then the likeliest
  std::optional<FinishReason> finished;  ///< why the sequence ends with this token, if it does
};

/// From logits to the next token of a sequence: processors, choice, text, stop conditions. Keeps the scratch
/// row, so that nothing is allocated per token. Scheduler thread only.
class TokenStep {
 public:
  explicit TokenStep(const LogitsSource& source) : source_(source) {}

  /// Chooses the next token and appends it to the sequence. Nothing if no token is left to choose.
  std::optional<TokenOutcome> run(Sequence& sequence, std::span<const float> logits);

  /// Gives a beam's processed log-probabilities to its search.
  void propose(Sequence& beam, std::span<const float> logits);

 private:
  void process(const Sequence& sequence);

  const LogitsSource& source_;
  ScoreRow row_;
};

}  // namespace glossa
