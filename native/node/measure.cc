#include "node/measure.h"

#include <algorithm>
#include <chrono>
#include <stdexcept>

#include "decoding/chooser.h"
#include "decoding/processor.h"
#include "engine/llama_source.h"
#include "node/async.h"
#include "node/convert.h"
#include "node/model_object.h"

namespace glossa {

namespace {

struct LoopTimes {
  double prefillSeconds;
  double seconds;
};

double secondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

void decodeOrThrow(LlamaSource& source, const std::vector<BatchToken>& batch) {
  if (source.decode(batch, 0) != DecodeStatus::ok) throw std::runtime_error("llama_decode failed");
}

std::int32_t argmax(std::span<const float> logits) {
  return static_cast<std::int32_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

LoopTimes runLoop(LlamaSource& source, std::int32_t promptTokens, std::int32_t newTokens) {
  const std::int32_t sequences = source.slotGroup(SlotKind::stream).count;
  const auto vocabularySize = static_cast<std::int32_t>(source.vocabularySize());
  std::vector<BatchToken> batch;
  for (std::int32_t slot = 0; slot < sequences; ++slot) {
    for (std::int32_t i = 0; i < promptTokens; ++i) {
      batch.push_back({(slot * 131 + i * 17) % vocabularySize, i, slot, i + 1 == promptTokens});
    }
  }
  const auto start = Clock::now();
  decodeOrThrow(source, batch);
  std::vector<BatchToken> next;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (batch[i].wantsLogits) next.push_back({argmax(source.logits(i)), promptTokens, batch[i].slot, true});
  }
  LoopTimes times{secondsSince(start), 0};
  for (std::int32_t step = 1; step < newTokens; ++step) {
    decodeOrThrow(source, next);
    for (std::size_t i = 0; i < next.size(); ++i) {
      next[i].token = argmax(source.logits(i));
      ++next[i].position;
    }
  }
  times.seconds = secondsSince(start);
  return times;
}

}  // namespace

Napi::Value measureDecodeLoop(const Napi::CallbackInfo& info) {
  const auto options = info[1].As<Napi::Object>();
  ContextOptions context;
  context.contextSize = integerOf<std::int32_t>(options, "contextSize");
  context.slots = integerOf<std::int32_t>(options, "sequences");
  context.threads = integerOf<std::int32_t>(options, "threads");
  context.layout = stringOf(options, "kvLayout") == "unified" ? KvLayout::unified : KvLayout::split;
  const auto promptTokens = integerOf<std::int32_t>(options, "promptTokens");
  const auto newTokens = integerOf<std::int32_t>(options, "newTokens");
  return AsyncTask<LoopTimes>::run(
      info.Env(),
      [model = ModelObject::Unwrap(info[0].As<Napi::Object>())->model(), context, promptTokens, newTokens] {
        LlamaSource source(model, context);
        return runLoop(source, promptTokens, newTokens);
      },
      [](Napi::Env env, LoopTimes times) -> Napi::Value {
        auto result = Napi::Object::New(env);
        result.Set("prefillSeconds", times.prefillSeconds);
        result.Set("seconds", times.seconds);
        return result;
      });
}

Napi::Value measureChoice(const Napi::CallbackInfo& info) {
  const auto logits = info[0].As<Napi::Float32Array>();
  const auto parameters = decodingParametersOf(info[1].As<Napi::Object>(), logits.ElementLength());
  const auto rounds = info[2].As<Napi::Number>().Uint32Value();
  const auto processors = makeProcessors(parameters);
  const auto chooser = makeChooser(parameters, {0, 1});
  std::vector<std::int32_t> prompt(64);
  for (std::size_t i = 0; i < prompt.size(); ++i)
    prompt[i] = static_cast<std::int32_t>(i * 7 % logits.ElementLength());
  const TokenHistory history(prompt, logits.ElementLength());
  const auto logprobs = logprobsOf(info[1].As<Napi::Object>(), "logprobs");
  std::vector<TokenLogprob> told;
  ScoreRow row;
  const auto start = Clock::now();
  for (std::uint32_t step = 0; step < rounds; ++step) {
    row.assign({logits.Data(), logits.ElementLength()});
    for (const auto& processor : processors) processor->apply(row, history);
    const auto choice = chooser->choose(row, step);
    if (!choice) throw Napi::Error::New(info.Env(), "no token was chosen");
    told.clear();
    if (logprobs)
      appendLogprobs({logits.Data(), logits.ElementLength()}, choice->token,
                     static_cast<std::size_t>(*logprobs), told);
  }
  return Napi::Number::New(info.Env(), secondsSince(start) * 1000 / rounds);
}

}  // namespace glossa
