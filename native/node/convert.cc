#include "node/convert.h"

#include <chrono>
#include <cmath>
#include <span>

#include "node/base64.h"

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

namespace {

std::vector<std::vector<std::int32_t>> tokenListsOf(const Napi::Value& value, std::size_t vocabularySize) {
  const auto array = value.As<Napi::Array>();
  std::vector<std::vector<std::int32_t>> lists(array.Length());
  for (std::uint32_t i = 0; i < array.Length(); ++i) lists[i] = tokensOf(array.Get(i), vocabularySize);
  return lists;
}

/// From an array of [token ids, bias].
std::vector<SequenceBias> sequenceBiasOf(const Napi::Value& value, std::size_t vocabularySize) {
  const auto array = value.As<Napi::Array>();
  std::vector<SequenceBias> biases(array.Length());
  for (std::uint32_t i = 0; i < array.Length(); ++i) {
    const auto pair = array.Get(i).As<Napi::Array>();
    biases[i] = {tokensOf(pair.Get(0U), vocabularySize), pair.Get(1U).As<Napi::Number>().FloatValue()};
  }
  return biases;
}

EarlyStopping earlyStoppingOf(const Napi::Value& value) {
  if (value.IsString()) return EarlyStopping::never;
  return value.As<Napi::Boolean>().Value() ? EarlyStopping::yes : EarlyStopping::no;
}

Priority priorityOf(const Napi::Value& value) {
  const std::string name = value.As<Napi::String>().Utf8Value();
  if (name == "interactive") return Priority::interactive;
  if (name == "background") return Priority::background;
  throw Napi::RangeError::New(value.Env(),
                              "expected the priority interactive or background, received " + name);
}

std::int32_t continuedTokensOf(const Napi::Object& object, std::size_t promptTokens) {
  const double count = numberOf(object, "continuedTokens");
  // Also false for NaN.
  if (!(count >= 0 && count <= static_cast<double>(promptTokens)) || count != std::floor(count)) {
    throw Napi::RangeError::New(object.Env(),
                                "expected at most as many continued tokens as the prompt has, " +
                                    std::to_string(promptTokens) + ", received " +
                                    object.Get("continuedTokens").ToString().Utf8Value());
  }
  return static_cast<std::int32_t>(count);
}

/// A number that may be absent.
template <typename Number>
Number numberOr(const Napi::Object& object, const char* key, Number fallback) {
  const auto value = object.Get(key);
  return value.IsNumber() ? static_cast<Number>(value.As<Napi::Number>().DoubleValue()) : fallback;
}

}  // namespace

DecodingParameters decodingParametersOf(const Napi::Object& object, std::size_t vocabularySize) {
  const auto floatOf = [&](const char* key) { return static_cast<float>(numberOf(object, key)); };
  const auto intOf = [&](const char* key) { return integerOf<std::int32_t>(object, key); };
  const auto idsOf = [&](const char* key) { return tokensOf(object.Get(key), vocabularySize); };
  DecodingParameters parameters;
  parameters.doSample = booleanOf(object, "doSample");
  parameters.numBeams = intOf("numBeams");
  parameters.earlyStopping = earlyStoppingOf(object.Get("earlyStopping"));
  parameters.lengthPenalty = numberOf(object, "lengthPenalty");
  parameters.maxNewTokens = intOf("maxNewTokens");
  parameters.minLength = intOf("minLength");
  parameters.minNewTokens = intOf("minNewTokens");
  parameters.eosTokenIds = idsOf("eosTokenId");
  parameters.sequenceBias = sequenceBiasOf(object.Get("sequenceBias"), vocabularySize);
  parameters.encoderRepetitionPenalty = floatOf("encoderRepetitionPenalty");
  parameters.repetitionPenalty = floatOf("repetitionPenalty");
  parameters.presencePenalty = floatOf("presencePenalty");
  parameters.frequencyPenalty = floatOf("frequencyPenalty");
  parameters.noRepeatNgramSize = intOf("noRepeatNgramSize");
  parameters.encoderNoRepeatNgramSize = intOf("encoderNoRepeatNgramSize");
  parameters.badWordsIds = tokenListsOf(object.Get("badWordsIds"), vocabularySize);
  parameters.forcedBosTokenId = numberOr(object, "forcedBosTokenId", -1);
  parameters.forcedEosTokenIds = idsOf("forcedEosTokenId");
  parameters.removeInvalidValues = booleanOf(object, "removeInvalidValues");
  if (const auto decay = object.Get("exponentialDecayLengthPenalty"); decay.IsArray()) {
    const auto pair = decay.As<Napi::Array>();
    parameters.exponentialDecayLengthPenalty = {pair.Get(0U).As<Napi::Number>().Int32Value(),
                                                pair.Get(1U).As<Napi::Number>().DoubleValue()};
  }
  parameters.suppressTokens = idsOf("suppressTokens");
  parameters.beginSuppressTokens = idsOf("beginSuppressTokens");
  parameters.temperature = floatOf("temperature");
  parameters.topH = numberOr(object, "topH", 0.0);
  parameters.topK = intOf("topK");
  parameters.topP = numberOf(object, "topP");
  parameters.minP = numberOr(object, "minP", 0.0);
  parameters.typicalP = numberOf(object, "typicalP");
  parameters.epsilonCutoff = numberOf(object, "epsilonCutoff");
  parameters.etaCutoff = numberOf(object, "etaCutoff");
  parameters.renormalizeLogits = booleanOf(object, "renormalizeLogits");
  parameters.generator = stringOf(object, "generator") == "torch" ? Generator::torch : Generator::philox;
  parameters.seed = integerOf<std::uint64_t>(object, "seed");
  return parameters;
}

std::optional<std::int32_t> logprobsOf(const Napi::Object& object, const char* key) {
  const auto value = object.Get(key);
  if (!value.IsNumber()) return std::nullopt;
  const double count = value.As<Napi::Number>().DoubleValue();
  // Also false for NaN.
  if (!(count >= 0 && count <= kMostLogprobs) || count != std::floor(count)) {
    throw Napi::RangeError::New(object.Env(), std::string("expected ") + key + " from 0 to " +
                                                  std::to_string(kMostLogprobs) + ", received " +
                                                  value.ToString().Utf8Value());
  }
  return static_cast<std::int32_t>(count);
}

RequestSpec requestSpecOf(const Napi::Object& object, std::size_t vocabularySize, std::int32_t adapterSets) {
  RequestSpec spec;
  spec.id = integerOf<std::uint64_t>(object, "id");
  spec.prompt = tokensOf(object.Get("prompt"), vocabularySize);
  if (spec.prompt.empty()) throw Napi::RangeError::New(object.Env(), "expected at least one prompt token");
  spec.decoding = decodingParametersOf(object, vocabularySize);
  spec.numReturnSequences = integerOf<std::int32_t>(object, "numReturnSequences");
  spec.stopStrings = stringsOf(object.Get("stopStrings"));
  spec.stopStringsSpanPrompt = booleanOf(object, "stopStringsSpanPrompt");
  spec.adapterSet = integerOf<std::int32_t>(object, "adapterSet");
  if (spec.adapterSet < 0 || spec.adapterSet >= adapterSets) {
    throw Napi::RangeError::New(object.Env(), "expected an adapter set below " + std::to_string(adapterSets) +
                                                  ", received " + std::to_string(spec.adapterSet));
  }
  spec.priority = priorityOf(object.Get("priority"));
  spec.continuedTokens = continuedTokensOf(object, spec.prompt.size());
  spec.logprobs = logprobsOf(object, "logprobs");
  spec.promptLogprobs = logprobsOf(object, "promptLogprobs");
  if (const auto remainingMs = object.Get("remainingMs"); remainingMs.IsNumber()) {
    const std::chrono::duration<double, std::milli> remaining(remainingMs.As<Napi::Number>().DoubleValue());
    spec.deadline = Clock::now() + std::chrono::duration_cast<Clock::duration>(remaining);
  }
  return spec;
}

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
    case FinishReason::exhausted:
      return "exhausted";
    case FinishReason::cancelled:
      return "cancelled";
  }
  return "";
}

namespace {

/// GlossaError's codes (src/errors.ts).
const char* codeOf(Fault fault) {
  switch (fault) {
    case Fault::request:
      return "INVALID_REQUEST";
    case Fault::capacity:
      return "CONTEXT_OVERFLOW";
    case Fault::engine:
      break;
  }
  return "INTERNAL";
}

template <typename... Values>
Napi::Array tuple(Napi::Env env, const Values&... values) {
  auto array = Napi::Array::New(env, sizeof...(values));
  std::uint32_t index = 0;
  (array.Set(index++, Napi::Value::From(env, values)), ...);
  return array;
}

/// As text, because messages between processes are JSON: base64 of each token's id (int32) and logarithm
/// (float32) in the machine's byte order.
Napi::Value packed(Napi::Env env, std::span<const TokenLogprob> logprobs) {
  static_assert(sizeof(TokenLogprob) == sizeof(std::int32_t) + sizeof(float));
  return Napi::String::New(env, base64(std::as_bytes(logprobs)));
}

Napi::Array toTuple(Napi::Env env, const Event& event) {
  const auto id = static_cast<double>(event.requestId);
  switch (event.type) {
    case Event::Type::prompt:
      return tuple(env, "prompt", id, event.promptTokens, event.cachedTokens);
    case Event::Type::token:
      return tuple(env, "token", id, event.sequence, event.tokenId, event.logprob, event.text);
    case Event::Type::finish: {
      const Napi::Value score =
          event.score ? Napi::Number::New(env, static_cast<double>(*event.score)) : env.Null();
      return tuple(env, "finish", id, event.sequence, nameOf(event.finishReason), event.text,
                   event.generatedTokens, score, event.endsInsideCharacter);
    }
    case Event::Type::failed:
      return tuple(env, "failed", id, event.failure.reason, codeOf(event.failure.fault),
                   event.failure.parameter);
  }
  return Napi::Array::New(env);
}

}  // namespace

Napi::Array toTuples(Napi::Env env, const std::vector<Event>& events) {
  auto array = Napi::Array::New(env, events.size());
  for (std::uint32_t i = 0; i < events.size(); ++i) {
    auto fields = toTuple(env, events[i]);
    if (!events[i].logprobs.empty()) fields.Set(fields.Length(), packed(env, events[i].logprobs));
    if (const auto& search = events[i].search)
      fields.Set(fields.Length(), tuple(env, search->chosen, search->discarded));
    array.Set(i, fields);
  }
  return array;
}

}  // namespace glossa
