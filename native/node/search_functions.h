// Whole searches over a table of bigram logits, without an engine.
#pragma once

#include <napi.h>

namespace glossa {

/// torchExponentials(seed, count): Float32Array. Tensor.exponential_() after torch.manual_seed(seed).
Napi::Value torchExponentials(const Napi::CallbackInfo& info);

/// sampleTable(table, prompt, parameters, sequences): number[][]. The tokens of each sequence.
Napi::Value sampleTable(const Napi::CallbackInfo& info);

/// searchTable(table, prompt, parameters, options): hypotheses of a beam search, best first.
Napi::Value searchTable(const Napi::CallbackInfo& info);

/// rankCandidates(rows, scores, parameters, options): number[][]. The candidates of each of a number of
/// steps.
Napi::Value rankCandidates(const Napi::CallbackInfo& info);

}  // namespace glossa
