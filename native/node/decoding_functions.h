#pragma once

#include <napi.h>

namespace glossa {

/// processScores(logits, history, parameters, promptSize?): Float32Array. The scores that a token would be
/// chosen from; with more than one beam, of the logits' log-softmax.
Napi::Value processScores(const Napi::CallbackInfo& info);

/// chooseTokens(logits, history, parameters, count): Int32Array. Independent choices for steps 0 to count
/// - 1.
Napi::Value chooseTokens(const Napi::CallbackInfo& info);

/// philox(counter, key): number[]. The generator's raw output, for its published test vectors.
Napi::Value philox(const Napi::CallbackInfo& info);

}  // namespace glossa
