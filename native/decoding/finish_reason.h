#pragma once

namespace glossa {

/// Why a sequence ended.
enum class FinishReason {
  eos,        ///< an end-of-sequence id was chosen
  stop,       ///< a stop string was completed, or a grammar allows nothing more
  length,     ///< maxNewTokens were generated
  deadline,   ///< maxTime was over
  exhausted,  ///< no token was left to go on with; of a beam search fewer hypotheses exist than were wanted
  cancelled,
};

}  // namespace glossa
