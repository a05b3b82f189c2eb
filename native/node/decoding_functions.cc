#include "node/decoding_functions.h"

#include <algorithm>
#include <array>
#include <limits>
#include <span>

#include "decoding/chooser.h"
#include "decoding/processor.h"
#include "decoding/random.h"
#include "node/convert.h"

namespace glossa {

namespace {

/// Arguments that the decoding functions share.
struct Setting {
  /// @param promptSize leading ids of the history that were not generated; all of it if that is shorter
  explicit Setting(const Napi::CallbackInfo& info,
                   std::size_t promptSize = std::numeric_limits<std::size_t>::max())
      : logits(info[0].As<Napi::Float32Array>()),
        parameters(decodingParametersOf(info[2].As<Napi::Object>(), logits.ElementLength())),
        processors(makeProcessors(parameters)) {
    const auto ids = tokensOf(info[1], logits.ElementLength());
    const auto prompt = std::span(ids).first(std::min(promptSize, ids.size()));
    history = TokenHistory(prompt, logits.ElementLength());
    for (const std::int32_t token : std::span(ids).subspan(prompt.size())) history.append(token);
  }

  void process(ScoreRow& row) const {
    row.assign({logits.Data(), logits.ElementLength()});
    if (parameters.numBeams > 1) row.normalize();
    for (const auto& processor : processors) processor->apply(row, history);
  }

  Napi::Float32Array logits;
  DecodingParameters parameters;
  TokenHistory history;
  LogitsProcessorList processors;
};

template <std::size_t Size>
std::array<std::uint32_t, Size> wordsOf(const Napi::Value& value) {
  std::array<std::uint32_t, Size> words{};
  for (std::uint32_t i = 0; i < Size; ++i)
    words[i] = value.As<Napi::Array>().Get(i).As<Napi::Number>().Uint32Value();
  return words;
}

}  // namespace

Napi::Value processScores(const Napi::CallbackInfo& info) {
  const Setting setting =
      info[3].IsNumber() ? Setting(info, info[3].As<Napi::Number>().Uint32Value()) : Setting(info);
  ScoreRow row;
  setting.process(row);
  auto scores = Napi::Float32Array::New(info.Env(), setting.logits.ElementLength());
  row.toDense({scores.Data(), scores.ElementLength()});
  return scores;
}

Napi::Value chooseTokens(const Napi::CallbackInfo& info) {
  const Setting setting(info);
  const auto chooser = makeChooser(setting.parameters, {0, 1});
  auto tokens = Napi::Int32Array::New(info.Env(), info[3].As<Napi::Number>().Uint32Value());
  ScoreRow row;
  for (std::size_t step = 0; step < tokens.ElementLength(); ++step) {
    setting.process(row);
    const auto choice = chooser->choose(row, step);
    tokens[step] = choice ? choice->token : -1;
  }
  return tokens;
}

Napi::Value philox(const Napi::CallbackInfo& info) {
  const auto bits = philox4x32(wordsOf<4>(info[0]), wordsOf<2>(info[1]));
  auto result = Napi::Array::New(info.Env(), bits.size());
  for (std::uint32_t i = 0; i < bits.size(); ++i) result.Set(i, bits[i]);
  return result;
}

}  // namespace glossa
