// Texts to be embedded, between JavaScript and the scheduler.
#pragma once

#include <napi.h>

#include "engine/embed_jobs.h"

namespace glossa {

/// What a job is checked against.
struct EmbedLimits {
  std::size_t vocabularySize;
  std::int32_t contextSize;
  std::int32_t adapterSets;
};

/// From { id, inputs, adapterSet }; without onDone.
/// @throws Napi::RangeError for an input that is empty or too long, an id outside the vocabulary or an
/// adapter
///   set that is none
EmbedSpec embedSpecOf(const Napi::Object& object, const EmbedLimits& limits);

/// Calls a function with (failure, vectors): a reason and null, or null and a Float32Array.
std::function<void(EmbedOutcome)> embedCallback(Napi::Env env, const Napi::Function& onDone);

}  // namespace glossa
