#include <array>
#include <span>

#include "decoding/processor.h"
#include "decoding/processors/factories.h"

namespace glossa {

namespace {

using Factory = processors::Processor (*)(const DecodingParameters&);

/// The order of transformers' `_get_logits_processor`. OpenAI's penalties stand where they are most like
/// transformers' own, and a grammar where transformers puts processors that the caller supplies.
constexpr std::array kAlways = {
    processors::sequenceBias,
    processors::encoderRepetitionPenalty,
    processors::repetitionPenalty,
    processors::occurrencePenalties,
    processors::noRepeatNgram,
    processors::encoderNoRepeatNgram,
    processors::badWords,
    processors::minLength,
    processors::minNewTokens,
    processors::forcedBos,
    processors::forcedEos,
    processors::removeInvalidValues,
    processors::exponentialDecayLengthPenalty,
    processors::suppressTokens,
    processors::beginSuppressTokens,
    processors::constraint,
};

/// What transformers once called warpers. From here on a row may be sparse.
constexpr std::array kWhenSampling = {
    processors::temperature, processors::topH,     processors::topK,          processors::topP,
    processors::minP,        processors::typicalP, processors::epsilonCutoff, processors::etaCutoff,
};

constexpr std::array kLast = {processors::renormalize};

void add(LogitsProcessorList& list, std::span<const Factory> factories,
         const DecodingParameters& parameters) {
  for (const Factory factory : factories) {
    if (auto processor = factory(parameters)) list.push_back(std::move(processor));
  }
}

}  // namespace

LogitsProcessorList makeProcessors(const DecodingParameters& parameters) {
  LogitsProcessorList list;
  add(list, kAlways, parameters);
  if (parameters.doSample) add(list, kWhenSampling, parameters);
  add(list, kLast, parameters);
  return list;
}

}  // namespace glossa
