// One function for each processor: builds it as a request's parameters ask for, or gives null where they
// switch it off. processors.cc puts them in order.
#pragma once

#include <memory>

#include "decoding/processor.h"

namespace glossa::processors {

using Processor = std::unique_ptr<LogitsProcessor>;

// biases.cc
Processor sequenceBias(const DecodingParameters& parameters);
Processor badWords(const DecodingParameters& parameters);

// penalties.cc
Processor encoderRepetitionPenalty(const DecodingParameters& parameters);
Processor repetitionPenalty(const DecodingParameters& parameters);
Processor occurrencePenalties(const DecodingParameters& parameters);

// bans.cc
Processor noRepeatNgram(const DecodingParameters& parameters);
Processor encoderNoRepeatNgram(const DecodingParameters& parameters);
Processor suppressTokens(const DecodingParameters& parameters);
Processor beginSuppressTokens(const DecodingParameters& parameters);
Processor constraint(const DecodingParameters& parameters);

// lengths.cc
Processor minLength(const DecodingParameters& parameters);
Processor minNewTokens(const DecodingParameters& parameters);
Processor forcedBos(const DecodingParameters& parameters);
Processor forcedEos(const DecodingParameters& parameters);
Processor exponentialDecayLengthPenalty(const DecodingParameters& parameters);

// rows.cc
Processor removeInvalidValues(const DecodingParameters& parameters);
Processor temperature(const DecodingParameters& parameters);
Processor renormalize(const DecodingParameters& parameters);

// ranks.cc
Processor topH(const DecodingParameters& parameters);
Processor topK(const DecodingParameters& parameters);
Processor topP(const DecodingParameters& parameters);

// probabilities.cc
Processor minP(const DecodingParameters& parameters);
Processor typicalP(const DecodingParameters& parameters);
Processor epsilonCutoff(const DecodingParameters& parameters);
Processor etaCutoff(const DecodingParameters& parameters);

}  // namespace glossa::processors
