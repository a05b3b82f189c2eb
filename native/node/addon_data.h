#pragma once

#include <napi.h>

#include <unordered_set>

namespace glossa {

class EngineObject;

/// What belongs to one Node.js environment (main thread or worker).
struct AddonData {
  Napi::FunctionReference modelClass;
  Napi::FunctionReference engineClass;
  Napi::FunctionReference evaluationClass;
  /// Live engines; their threads must end before the environment does.
  std::unordered_set<EngineObject*> engines;

  static AddonData& of(Napi::Env env) { return *env.GetInstanceData<AddonData>(); }
  static AddonData* find(Napi::Env env) { return env.GetInstanceData<AddonData>(); }
};

}  // namespace glossa
