#include "node/model_object.h"

#include <atomic>

#include "engine/text_stream.h"
#include "node/addon_data.h"
#include "node/async.h"
#include "node/channel.h"
#include "node/convert.h"

namespace glossa {

Napi::FunctionReference ModelObject::define(Napi::Env env) {
  return Napi::Persistent(DefineClass(env, "NativeModel",
                                      {
                                          InstanceMethod<&ModelObject::info>("info"),
                                          InstanceMethod<&ModelObject::tokenize>("tokenize"),
                                          InstanceMethod<&ModelObject::tokenizeAtOnce>("tokenizeAtOnce"),
                                          InstanceMethod<&ModelObject::detokenize>("detokenize"),
                                          InstanceMethod<&ModelObject::vocabulary>("vocabulary"),
                                      }));
}

ModelObject::ModelObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<ModelObject>(info) {
  if (!info[0].IsExternal()) throw Napi::TypeError::New(info.Env(), "use loadModel()");
  model_ = *info[0].As<Napi::External<std::shared_ptr<const Model>>>().Data();
}

Napi::Value ModelObject::load(const Napi::CallbackInfo& info) {
  const auto options = info[0].As<Napi::Object>();
  const ModelOptions modelOptions{stringOf(options, "path"), integerOf<std::int32_t>(options, "gpuLayers"),
                                  stringsOf(options.Get("adapters"))};
  auto progress = makeChannel(info.Env(), info[1].As<Napi::Function>(), "load progress");
  return AsyncTask<std::shared_ptr<const Model>>::run(
      info.Env(),
      [modelOptions, progress] {
        return Model::load(modelOptions, [&progress](float fraction) {
          progress->NonBlockingCall([fraction](Napi::Env env, Napi::Function callback) {
            callback.Call({Napi::Number::New(env, fraction)});
          });
          return true;
        });
      },
      [](Napi::Env env, std::shared_ptr<const Model> model) -> Napi::Value {
        return AddonData::of(env).modelClass.New(
            {Napi::External<std::shared_ptr<const Model>>::New(env, &model)});
      });
}

Napi::Value ModelObject::info(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  auto result = Napi::Object::New(env);
  result.Set("description", model_->description());
  result.Set("parameters", static_cast<double>(model_->parameterCount()));
  result.Set("sizeBytes", static_cast<double>(model_->sizeBytes()));
  result.Set("vocabularySize", static_cast<double>(model_->vocabularySize()));
  result.Set("longestTokenBytes", static_cast<double>(model_->longestTokenBytes()));
  result.Set("trainedContextSize", model_->trainedContextSize());
  result.Set("eosTokenIds", toArray(env, model_->eosTokenIds()));
  result.Set("startTokenId", model_->startToken());
  auto fillInMiddle = env.Null();
  if (const auto ids = model_->fillInMiddle()) {
    auto object = Napi::Object::New(env);
    object.Set("prefix", ids->prefix);
    object.Set("suffix", ids->suffix);
    object.Set("middle", ids->middle);
    fillInMiddle = object;
  }
  result.Set("fillInMiddle", fillInMiddle);
  const auto chatTemplate = model_->chatTemplate();
  result.Set("chatTemplate", chatTemplate ? Napi::Value::From(env, *chatTemplate) : env.Null());
  auto metadata = Napi::Object::New(env);
  for (const auto& [key, value] : model_->metadata()) metadata.Set(key, toValidUtf8(value));
  result.Set("metadata", metadata);
  return result;
}

/// (text, addSpecial, parseSpecial[, stop]): the Int32Array's number is set to something else than 0 to stop
/// it.
Napi::Value ModelObject::tokenize(const Napi::CallbackInfo& info) {
  const bool isStoppable = info[3].IsTypedArray() && info[3].As<Napi::TypedArray>().ElementLength() > 0;
  const auto used = (isStoppable ? info[3] : info.This()).As<Napi::Object>();
  std::int32_t* const flag = isStoppable ? info[3].As<Napi::Int32Array>().Data() : nullptr;
  return AsyncTask<std::vector<std::int32_t>>::run(
      info.Env(), {used},
      [model = model_, text = info[0].As<Napi::String>().Utf8Value(),
       addSpecial = info[1].As<Napi::Boolean>().Value(), parseSpecial = info[2].As<Napi::Boolean>().Value(),
       flag] {
        const auto isStopped = [flag] {
          return flag != nullptr && std::atomic_ref<std::int32_t>(*flag).load(std::memory_order_relaxed) != 0;
        };
        return model->tokenize(text, addSpecial, parseSpecial, isStopped);
      },
      [](Napi::Env env, const std::vector<std::int32_t>& tokens) -> Napi::Value {
        return toArray(env, tokens);
      });
}

Napi::Value ModelObject::tokenizeAtOnce(const Napi::CallbackInfo& info) {
  const std::string text = info[0].As<Napi::String>();
  return toArray(info.Env(), model_->tokenizeAtOnce(text, info[1].As<Napi::Boolean>().Value(),
                                                    info[2].As<Napi::Boolean>().Value()));
}

Napi::Value ModelObject::detokenize(const Napi::CallbackInfo& info) {
  const auto tokens = tokensOf(info[0], model_->vocabularySize());
  return Napi::String::New(info.Env(), toValidUtf8(model_->detokenize(tokens)));
}

Napi::Value ModelObject::vocabulary(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::size_t size = model_->vocabularySize();
  std::string bytes;
  auto lengths = Napi::Int32Array::New(env, size);
  auto kinds = Napi::Uint8Array::New(env, size);
  for (std::size_t id = 0; id < size; ++id) {
    const auto token = static_cast<std::int32_t>(id);
    const std::string_view name = model_->name(token);
    bytes += name;
    lengths[id] = static_cast<std::int32_t>(name.size());
    kinds[id] = static_cast<std::uint8_t>(model_->kind(token));
  }
  auto result = Napi::Object::New(env);
  result.Set("bytes", Napi::Buffer<char>::Copy(env, bytes.data(), bytes.size()));
  result.Set("lengths", lengths);
  result.Set("kinds", kinds);
  return result;
}

}  // namespace glossa
