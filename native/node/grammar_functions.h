#pragma once

#include <napi.h>

namespace glossa {

/// createGrammar(model, gbnf, byLlama): NativeGrammar. A grammar outside of any generation, for tests: ours
/// or llama.cpp's own sampler.
Napi::Value createGrammar(const Napi::CallbackInfo& info);

}  // namespace glossa
