#pragma once

#include <napi.h>

#include <memory>

#include "llama/model.h"

namespace glossa {

/// A loaded model as JavaScript sees it. The weights live as long as this object or an engine on them.
class ModelObject final : public Napi::ObjectWrap<ModelObject> {
 public:
  static Napi::FunctionReference define(Napi::Env env);
  /// loadModel(options, onProgress): Promise<NativeModel>
  static Napi::Value load(const Napi::CallbackInfo& info);

  explicit ModelObject(const Napi::CallbackInfo& info);
  const std::shared_ptr<const Model>& model() const { return model_; }

 private:
  Napi::Value info(const Napi::CallbackInfo& info);
  Napi::Value tokenize(const Napi::CallbackInfo& info);
  Napi::Value tokenizeAtOnce(const Napi::CallbackInfo& info);
  Napi::Value detokenize(const Napi::CallbackInfo& info);
  Napi::Value vocabulary(const Napi::CallbackInfo& info);

  std::shared_ptr<const Model> model_;
};

}  // namespace glossa
