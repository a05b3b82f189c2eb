// Measurements for bench/: what the hardware and llama.cpp allow, without anything of ours around it.
#pragma once

#include <napi.h>

namespace glossa {

/// measureDecodeLoop(model, { sequences, promptTokens, newTokens, contextSize, threads, kvLayout }):
/// Promise<{ seconds, prefillSeconds }>. llama_decode in a bare loop with a plain argmax.
Napi::Value measureDecodeLoop(const Napi::CallbackInfo& info);

/// measureChoice(logits, parameters, rounds): number. Milliseconds to process a row and choose a token, on
/// average.
Napi::Value measureChoice(const Napi::CallbackInfo& info);

}  // namespace glossa
