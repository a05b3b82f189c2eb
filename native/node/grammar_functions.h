#pragma once

#include <napi.h>

namespace glossa {

/// createGrammar(model, gbnf, byLlama, eosTokenIds?): NativeGrammar. A grammar outside of any generation, for
/// tests: ours or llama.cpp's own sampler, which has the model's end tokens. Ours has them by default.
Napi::Value createGrammar(const Napi::CallbackInfo& info);

}  // namespace glossa
