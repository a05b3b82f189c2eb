// Between JavaScript values and ours. The types are checked by the only caller, src/engine; what is checked
// here is what protects memory.
#pragma once

#include <napi.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "decoding/parameters.h"
#include "engine/request.h"

namespace glossa {

double numberOf(const Napi::Object& object, const char* key);
bool booleanOf(const Napi::Object& object, const char* key);
std::string stringOf(const Napi::Object& object, const char* key);
template <typename Integer>
Integer integerOf(const Napi::Object& object, const char* key) {
  return static_cast<Integer>(numberOf(object, key));
}

/// Token ids from an array of numbers.
/// @throws Napi::RangeError for an id outside the vocabulary
std::vector<std::int32_t> tokensOf(const Napi::Value& value, std::size_t vocabularySize);
std::vector<std::string> stringsOf(const Napi::Value& value);
/// From an array of Uint8Array.
std::vector<std::string> bytesOf(const Napi::Value& value);
Napi::Array toArray(Napi::Env env, const std::vector<std::int32_t>& tokens);

/// @throws Napi::RangeError for an id outside the vocabulary
DecodingParameters decodingParametersOf(const Napi::Object& object, std::size_t vocabularySize);
/// How many likeliest tokens are asked for; nothing if the key is absent.
/// @throws Napi::RangeError for a number outside 0 to kMostLogprobs
std::optional<std::int32_t> logprobsOf(const Napi::Object& object, const char* key);
/// @throws Napi::RangeError for an empty prompt, an id outside the vocabulary, an adapter set that is none,
/// an unknown priority or more continued tokens than the prompt has
RequestSpec requestSpecOf(const Napi::Object& object, std::size_t vocabularySize, std::int32_t adapterSets);

/// The name of src/generation/events.ts.
const char* nameOf(FinishReason reason);

/// The events of a step as an array of tuples; src/engine/protocol.ts describes them.
Napi::Array toTuples(Napi::Env env, const std::vector<Event>& events);

}  // namespace glossa
