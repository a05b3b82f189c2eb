// The KV cache of a model without a scheduler, for tests.
#pragma once

#include <napi.h>

#include "engine/llama_source.h"

namespace glossa {

/// From an engine's options: sizes, layout, element type, threads.
ContextOptions contextOptionsOf(const Napi::Object& options);

/// runSourceSteps(model, options, steps): Promise<results>. Makes a source and calls it as told, in order:
/// - ['prepareBeams'] gives true
/// - ['decode', [[token, position, slot], …]] gives a Float32Array of logits for each, or why there are none
/// - ['copy', from, to, tokens] and ['remove', slot, fromPosition] give whether that was possible
/// - ['restore', from, to] saves one slot's cells and restores them in another
Napi::Value runSourceSteps(const Napi::CallbackInfo& info);

}  // namespace glossa
