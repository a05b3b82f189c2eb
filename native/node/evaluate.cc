#include "node/evaluate.h"

#include <algorithm>
#include <stdexcept>

#include "node/addon_data.h"
#include "node/async.h"
#include "node/convert.h"
#include "node/model_object.h"

namespace glossa {

namespace {

ContextOptions contextOptions(std::int32_t contextSize, std::int32_t threads) {
  ContextOptions options;
  options.contextSize = contextSize;
  options.threads = threads;
  return options;
}

}  // namespace

Evaluation::Evaluation(const std::shared_ptr<const Model>& model, std::int32_t contextSize,
                       std::int32_t threads)
    : source_(model, contextOptions(contextSize, threads)) {}

std::vector<float> Evaluation::next(const std::vector<std::int32_t>& tokens) {
  const std::lock_guard lock(mutex_);
  const auto count = static_cast<std::int32_t>(tokens.size());
  const std::int32_t room = std::min(source_.contextSize() - position_, source_.batchSize());
  if (count > room) {
    throw std::runtime_error("expected at most " + std::to_string(room) + " tokens, received " +
                             std::to_string(count));
  }
  std::vector<BatchToken> batch;
  batch.reserve(tokens.size());
  for (const std::int32_t token : tokens) batch.push_back({token, position_++, 0, true});
  if (source_.decode(batch, 0) != DecodeStatus::ok) throw std::runtime_error("llama_decode failed");
  std::vector<float> scores;
  scores.reserve(tokens.size() * vocabularySize());
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const auto row = source_.logits(i);
    scores.insert(scores.end(), row.begin(), row.end());
  }
  return scores;
}

Napi::FunctionReference EvaluationObject::define(Napi::Env env) {
  return Napi::Persistent(
      DefineClass(env, "NativeEvaluation", {InstanceMethod<&EvaluationObject::next>("next")}));
}

EvaluationObject::EvaluationObject(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<EvaluationObject>(info) {
  if (!info[0].IsExternal()) throw Napi::TypeError::New(info.Env(), "use createEvaluation()");
  evaluation_ = *info[0].As<Napi::External<std::shared_ptr<Evaluation>>>().Data();
}

Napi::Value EvaluationObject::create(const Napi::CallbackInfo& info) {
  const auto options = info[1].As<Napi::Object>();
  return AsyncTask<std::shared_ptr<Evaluation>>::run(
      info.Env(),
      [model = ModelObject::Unwrap(info[0].As<Napi::Object>())->model(),
       contextSize = integerOf<std::int32_t>(options, "contextSize"),
       threads = integerOf<std::int32_t>(options, "threads")] {
        return std::make_shared<Evaluation>(model, contextSize, threads);
      },
      [](Napi::Env env, std::shared_ptr<Evaluation> evaluation) -> Napi::Value {
        return AddonData::of(env).evaluationClass.New(
            {Napi::External<std::shared_ptr<Evaluation>>::New(env, &evaluation)});
      });
}

Napi::Value EvaluationObject::next(const Napi::CallbackInfo& info) {
  return AsyncTask<std::vector<float>>::run(
      info.Env(),
      [evaluation = evaluation_, tokens = tokensOf(info[0], evaluation_->vocabularySize())] {
        return evaluation->next(tokens);
      },
      [](Napi::Env env, const std::vector<float>& scores) -> Napi::Value {
        auto array = Napi::Float32Array::New(env, scores.size());
        std::copy(scores.begin(), scores.end(), array.Data());
        return array;
      });
}

}  // namespace glossa
