// Logits in, processed scores out.
#pragma once

#include <memory>
#include <vector>

#include "decoding/parameters.h"
#include "decoding/score_row.h"
#include "decoding/token_history.h"

namespace glossa {

/// One rule that changes the scores of a row's next token, named and defined as in transformers'
/// logits_process.
class LogitsProcessor {
 public:
  virtual ~LogitsProcessor() = default;
  virtual void apply(ScoreRow& row, const TokenHistory& history) const = 0;
};

/// The processors of a request, in Hugging Face's order.
using LogitsProcessorList = std::vector<std::unique_ptr<LogitsProcessor>>;

/// Builds the list for a request: only what its parameters switch on (transformers 5.x
/// `_get_logits_processor`). The warpers (temperature, top_k, top_p) are in it only when sampling.
LogitsProcessorList makeProcessors(const DecodingParameters& parameters);

}  // namespace glossa
