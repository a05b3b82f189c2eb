#include "node/convert.h"

#include <chrono>

namespace glossa {

double numberOf(const Napi::Object& object, const char* key) {
  return object.Get(key).As<Napi::Number>().DoubleValue();
}

bool booleanOf(const Napi::Object& object, const char* key) {
  return object.Get(key).As<Napi::Boolean>().Value();
}

std::string stringOf(const Napi::Object& object, const char* key) {
  return object.Get(key).As<Napi::String>().Utf8Value();
}

std::vector<std::int32_t> tokensOf(const Napi::Value& value, std::size_t vocabularySize) {
  const auto array = value.As<Napi::Array>();
  std::vector<std::int32_t> tokens(array.Length());
  for (std::uint32_t i = 0; i < array.Length(); ++i) {
    const std::int64_t token = array.Get(i).As<Napi::Number>().Int64Value();
    if (token < 0 || token >= static_cast<std::int64_t>(vocabularySize)) {
      throw Napi::RangeError::New(value.Env(), "expected token ids below " + std::to_string(vocabularySize) +
                                                   ", received " + std::to_string(token));
    }
    tokens[i] = static_cast<std::int32_t>(token);
  }
  return tokens;
}

std::vector<std::string> stringsOf(const Napi::Value& value) {
  const auto array = value.As<Napi::Array>();
  std::vector<std::string> strings(array.Length());
  for (std::uint32_t i = 0; i < array.Length(); ++i) strings[i] = array.Get(i).As<Napi::String>().Utf8Value();
  return strings;
}

std::vector<std::string> bytesOf(const Napi::Value& value) {
  const auto array = value.As<Napi::Array>();
  std::vector<std::string> strings(array.Length());
  for (std::uint32_t i = 0; i < array.Length(); ++i) {
    const auto bytes = array.Get(i).As<Napi::Uint8Array>();
    strings[i].assign(reinterpret_cast<const char*>(bytes.Data()), bytes.ElementLength());
  }
  return strings;
}

Napi::Array toArray(Napi::Env env, const std::vector<std::int32_t>& tokens) {
  auto array = Napi::Array::New(env, tokens.size());
  for (std::uint32_t i = 0; i < tokens.size(); ++i) array.Set(i, tokens[i]);
  return array;
}

DecodingParameters decodingParametersOf(const Napi::Object& object) {
  DecodingParameters parameters;
  parameters.doSample = booleanOf(object, "doSample");
  parameters.temperature = static_cast<float>(numberOf(object, "temperature"));
  parameters.topK = integerOf<std::int32_t>(object, "topK");
  parameters.topP = numberOf(object, "topP");
  parameters.repetitionPenalty = static_cast<float>(numberOf(object, "repetitionPenalty"));
  parameters.seed = integerOf<std::uint64_t>(object, "seed");
  return parameters;
}

RequestSpec requestSpecOf(const Napi::Object& object, std::size_t vocabularySize, std::int32_t adapterSets) {
  RequestSpec spec;
  spec.id = integerOf<std::uint64_t>(object, "id");
  spec.prompt = tokensOf(object.Get("prompt"), vocabularySize);
  if (spec.prompt.empty()) throw Napi::RangeError::New(object.Env(), "expected at least one prompt token");
  spec.decoding = decodingParametersOf(object);
  spec.maxNewTokens = integerOf<std::int32_t>(object, "maxNewTokens");
  spec.numReturnSequences = integerOf<std::int32_t>(object, "numReturnSequences");
  spec.eosTokenIds = tokensOf(object.Get("eosTokenId"), vocabularySize);
  spec.stopStrings = stringsOf(object.Get("stopStrings"));
  spec.adapterSet = integerOf<std::int32_t>(object, "adapterSet");
  if (spec.adapterSet < 0 || spec.adapterSet >= adapterSets) {
    throw Napi::RangeError::New(object.Env(), "expected an adapter set below " + std::to_string(adapterSets) +
                                                  ", received " + std::to_string(spec.adapterSet));
  }
  if (const auto remainingMs = object.Get("remainingMs"); remainingMs.IsNumber()) {
    const std::chrono::duration<double, std::milli> remaining(remainingMs.As<Napi::Number>().DoubleValue());
    spec.deadline = Clock::now() + std::chrono::duration_cast<Clock::duration>(remaining);
  }
  return spec;
}

namespace {

const char* nameOf(FinishReason reason) {
  switch (reason) {
    case FinishReason::eos:
      return "eos";
    case FinishReason::stop:
      return "stop";
    case FinishReason::length:
      return "length";
    case FinishReason::deadline:
      return "deadline";
    case FinishReason::cancelled:
      return "cancelled";
  }
  return "";
}

template <typename... Values>
Napi::Array tuple(Napi::Env env, const Values&... values) {
  auto array = Napi::Array::New(env, sizeof...(values));
  std::uint32_t index = 0;
  (array.Set(index++, Napi::Value::From(env, values)), ...);
  return array;
}

Napi::Array toTuple(Napi::Env env, const Event& event) {
  const auto id = static_cast<double>(event.requestId);
  switch (event.type) {
    case Event::Type::prompt:
      return tuple(env, "prompt", id, event.promptTokens, event.cachedTokens);
    case Event::Type::token:
      return tuple(env, "token", id, event.sequence, event.tokenId, event.logprob, event.text);
    case Event::Type::finish:
      return tuple(env, "finish", id, event.sequence, nameOf(event.finishReason), event.text,
                   event.generatedTokens);
    case Event::Type::failed:
      return tuple(env, "failed", id, event.text);
  }
  return Napi::Array::New(env);
}

}  // namespace

Napi::Array toTuples(Napi::Env env, const std::vector<Event>& events) {
  auto array = Napi::Array::New(env, events.size());
  for (std::uint32_t i = 0; i < events.size(); ++i) array.Set(i, toTuple(env, events[i]));
  return array;
}

}  // namespace glossa
