#include "node/grammar_functions.h"

#include <memory>
#include <vector>

#include "llama/grammar.h"
#include "llama/grammar_sampler.h"
#include "node/model_object.h"

namespace glossa {

namespace {

using Constraint = std::shared_ptr<RowConstraint>;

/// A method of the object: JavaScript gets what C++ throws as its own errors.
template <typename Function>
void addMethod(Napi::Object& object, const char* name, const Function& function) {
  object.Set(name, Napi::Function::New(
                       object.Env(),
                       [function](const Napi::CallbackInfo& info) -> Napi::Value {
                         try {
                           return function(info);
                         } catch (const std::exception& error) {
                           throw Napi::Error::New(info.Env(), error.what());
                         }
                       },
                       name));
}

Napi::Value maskOf(Napi::Env env, const RowConstraint& constraint, std::size_t vocabularySize) {
  ScoreRow row;
  row.assign(std::vector<float>(vocabularySize, 0.0F));
  constraint.restrict(row);
  auto mask = Napi::Uint8Array::New(env, vocabularySize);
  const std::span<const float> scores = std::as_const(row).scores();
  for (std::size_t id = 0; id < vocabularySize; ++id) mask[id] = scores[id] == kDropped ? 0 : 1;
  return mask;
}

Napi::Object wrap(Napi::Env env, const Constraint& constraint, std::size_t vocabularySize) {
  auto object = Napi::Object::New(env);
  addMethod(object, "mask",
            [=](const Napi::CallbackInfo& info) { return maskOf(info.Env(), *constraint, vocabularySize); });
  addMethod(object, "accept", [=](const Napi::CallbackInfo& info) {
    constraint->accept(info[0].As<Napi::Number>().Int32Value());
    return info.Env().Undefined();
  });
  addMethod(object, "isComplete", [=](const Napi::CallbackInfo& info) {
    return Napi::Boolean::New(info.Env(), constraint->isComplete());
  });
  addMethod(object, "clone", [=](const Napi::CallbackInfo& info) {
    return wrap(info.Env(), Constraint(constraint->clone()), vocabularySize);
  });
  return object;
}

std::vector<std::int32_t> endsOf(const Napi::Value& ids, const Model& model) {
  if (!ids.IsArray()) return model.eosTokenIds();
  const auto array = ids.As<Napi::Array>();
  std::vector<std::int32_t> ends(array.Length());
  for (std::uint32_t i = 0; i < array.Length(); ++i) {
    ends[i] = array.Get(i).As<Napi::Number>().Int32Value();
  }
  return ends;
}

}  // namespace

Napi::Value createGrammar(const Napi::CallbackInfo& info) {
  const auto model = ModelObject::Unwrap(info[0].As<Napi::Object>())->model();
  const std::string gbnf = info[1].As<Napi::String>().Utf8Value();
  try {
    const Constraint constraint = info[2].As<Napi::Boolean>().Value()
                                      ? makeSamplerConstraint(model, gbnf)
                                      : GrammarFactory(model).make(gbnf, endsOf(info[3], *model))->clone();
    return wrap(info.Env(), constraint, model->vocabularySize());
  } catch (const std::exception& error) {
    throw Napi::Error::New(info.Env(), error.what());
  }
}

}  // namespace glossa
