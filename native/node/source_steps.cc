#include "node/source_steps.h"

#include <algorithm>
#include <array>
#include <string>
#include <variant>
#include <vector>

#include "node/async.h"
#include "node/convert.h"
#include "node/model_object.h"

namespace glossa {

namespace {

struct Step {
  std::string name;
  std::vector<BatchToken> batch;            ///< of decode
  std::array<std::int32_t, 3> arguments{};  ///< of the others
};
using Logits = std::vector<std::vector<float>>;
using Outcome = std::variant<bool, std::string, Logits>;

BatchToken batchTokenOf(const Napi::Array& tuple) {
  const auto at = [&](std::uint32_t i) { return tuple.Get(i).As<Napi::Number>().Int32Value(); };
  return {at(0), at(1), at(2), true};
}

Step stepOf(const Napi::Array& tuple) {
  Step step;
  step.name = tuple.Get(0U).As<Napi::String>();
  for (std::uint32_t i = 1; i < tuple.Length(); ++i) {
    const Napi::Value value = tuple.Get(i);
    if (!value.IsArray()) {
      step.arguments.at(i - 1) = value.As<Napi::Number>().Int32Value();
      continue;
    }
    const auto tokens = value.As<Napi::Array>();
    for (std::uint32_t k = 0; k < tokens.Length(); ++k) {
      step.batch.push_back(batchTokenOf(tokens.Get(k).As<Napi::Array>()));
    }
  }
  return step;
}

Outcome decode(LlamaSource& source, const std::vector<BatchToken>& batch) {
  constexpr std::array<const char*, 4> kNames = {"ok", "full", "aborted", "failed"};
  const DecodeStatus status = source.decode(batch, 0);
  if (status != DecodeStatus::ok) return std::string(kNames.at(static_cast<std::size_t>(status)));
  Logits logits;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const auto row = source.logits(i);
    logits.emplace_back(row.begin(), row.end());
  }
  return logits;
}

Outcome outcomeOf(LlamaSource& source, const Step& step) {
  const auto [first, second, third] = step.arguments;
  if (step.name == "decode") return decode(source, step.batch);
  if (step.name == "copy") return source.copyCells(first, second, third);
  if (step.name == "remove") return source.removeCells(first, second);
  if (step.name == "restore") return source.restoreCells(second, source.saveCells(first));
  source.prepareBeams();
  return true;
}

Napi::Value toValue(Napi::Env env, const Outcome& outcome) {
  if (const auto* done = std::get_if<bool>(&outcome)) return Napi::Boolean::New(env, *done);
  if (const auto* status = std::get_if<std::string>(&outcome)) return Napi::String::New(env, *status);
  auto rows = Napi::Array::New(env);
  for (const auto& logits : std::get<Logits>(outcome)) {
    auto row = Napi::Float32Array::New(env, logits.size());
    std::copy(logits.begin(), logits.end(), row.Data());
    rows.Set(rows.Length(), row);
  }
  return rows;
}

}  // namespace

ContextOptions contextOptionsOf(const Napi::Object& options) {
  ContextOptions context;
  context.contextSize = integerOf<std::int32_t>(options, "contextSize");
  context.slots = integerOf<std::int32_t>(options, "parallelSequences");
  context.kvCells = integerOf<std::int64_t>(options, "kvCells");
  context.beamCells = integerOf<std::int64_t>(options, "beamCells");
  context.layout = stringOf(options, "kvLayout") == "unified" ? KvLayout::unified : KvLayout::split;
  context.kvType = kvTypeNamed(stringOf(options, "kvType"));
  context.threads = integerOf<std::int32_t>(options, "threads");
  return context;
}

Napi::Value runSourceSteps(const Napi::CallbackInfo& info) {
  std::vector<Step> steps;
  const auto list = info[2].As<Napi::Array>();
  steps.reserve(list.Length());
  for (std::uint32_t i = 0; i < list.Length(); ++i) steps.push_back(stepOf(list.Get(i).As<Napi::Array>()));
  return AsyncTask<std::vector<Outcome>>::run(
      info.Env(),
      [model = ModelObject::Unwrap(info[0].As<Napi::Object>())->model(),
       context = contextOptionsOf(info[1].As<Napi::Object>()), steps = std::move(steps)] {
        LlamaSource source(model, context);
        std::vector<Outcome> outcomes;
        outcomes.reserve(steps.size());
        for (const Step& step : steps) outcomes.push_back(outcomeOf(source, step));
        return outcomes;
      },
      [](Napi::Env env, const std::vector<Outcome>& outcomes) -> Napi::Value {
        auto results = Napi::Array::New(env, outcomes.size());
        for (std::uint32_t i = 0; i < outcomes.size(); ++i) results.Set(i, toValue(env, outcomes[i]));
        return results;
      });
}

}  // namespace glossa
