// Scores of every position of a text, for comparing models. Not for generating: nothing is shared or
// scheduled.
#pragma once

#include <napi.h>

#include <memory>
#include <mutex>
#include <vector>

#include "engine/llama_source.h"

namespace glossa {

/// One sequence in a context of its own, evaluated chunk by chunk.
class Evaluation {
 public:
  /// Blocks; not for the JavaScript thread.
  /// @throws std::runtime_error with llama.cpp's reason if the context can't be made
  Evaluation(const std::shared_ptr<const Model>& model, std::int32_t contextSize, std::int32_t threads);

  /// Appends tokens and gives their scores, a row of the vocabulary's size for each. Any thread; calls take
  /// turns.
  /// @throws std::runtime_error if they don't fit into the context or a batch, or the backend fails
  std::vector<float> next(const std::vector<std::int32_t>& tokens);

  std::size_t vocabularySize() const { return source_.vocabularySize(); }

 private:
  std::mutex mutex_;
  LlamaSource source_;
  std::int32_t position_ = 0;
};

/// An Evaluation as JavaScript sees it. Its memory is freed with it.
class EvaluationObject final : public Napi::ObjectWrap<EvaluationObject> {
 public:
  static Napi::FunctionReference define(Napi::Env env);
  /// createEvaluation(model, { contextSize, threads }): Promise<NativeEvaluation>
  static Napi::Value create(const Napi::CallbackInfo& info);

  explicit EvaluationObject(const Napi::CallbackInfo& info);

 private:
  Napi::Value next(const Napi::CallbackInfo& info);

  std::shared_ptr<Evaluation> evaluation_;
};

}  // namespace glossa
