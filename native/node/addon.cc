// The addon's exports; src/engine/addon.ts describes them to TypeScript.
#include <napi.h>

#include "llama/api.h"
#include "llama/quantize.h"
#include "node/addon_data.h"
#include "node/async.h"
#include "node/channel.h"
#include "node/conversion_functions.h"
#include "node/convert.h"
#include "node/decoding_functions.h"
#include "node/engine_object.h"
#include "node/evaluate.h"
#include "node/grammar_functions.h"
#include "node/measure.h"
#include "node/model_object.h"
#include "node/search_functions.h"
#include "node/source_steps.h"

#ifdef __linux__
#include <sys/prctl.h>

#include <csignal>
#endif

namespace glossa {

namespace {

/// Runs a function that may throw a C++ exception where JavaScript expects its own.
template <typename Function>
auto guarded(Napi::Env env, Function function) {
  try {
    return function();
  } catch (const Napi::Error&) {
    throw;
  } catch (const std::exception& error) {
    throw Napi::Error::New(env, error.what());
  }
}

const char* nameOf(enum ggml_backend_dev_type type) {
  switch (type) {
    case GGML_BACKEND_DEVICE_TYPE_CPU:
      return "cpu";
    case GGML_BACKEND_DEVICE_TYPE_GPU:
      return "gpu";
    case GGML_BACKEND_DEVICE_TYPE_IGPU:
      return "igpu";
    default:
      return "accelerator";
  }
}

Napi::Array devices(Napi::Env env) {
  auto list = Napi::Array::New(env);
  for (std::size_t i = 0; i < api().ggml_backend_dev_count(); ++i) {
    ggml_backend_dev_t device = api().ggml_backend_dev_get(i);
    std::size_t free = 0;
    std::size_t total = 0;
    api().ggml_backend_dev_memory(device, &free, &total);
    auto entry = Napi::Object::New(env);
    entry.Set("name", api().ggml_backend_dev_name(device));
    entry.Set("description", api().ggml_backend_dev_description(device));
    entry.Set("type", nameOf(api().ggml_backend_dev_type(device)));
    entry.Set("freeBytes", static_cast<double>(free));
    entry.Set("totalBytes", static_cast<double>(total));
    list.Set(list.Length(), entry);
  }
  return list;
}

/// openBackend(directory): { devices, systemInfo }
Napi::Value openBackend(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    openLibraries(info[0].As<Napi::String>().Utf8Value());
    auto result = Napi::Object::New(info.Env());
    result.Set("devices", devices(info.Env()));
    result.Set("systemInfo", api().llama_print_system_info());
    return result;
  });
}

/// whyNotOpenable(path): string | null
Napi::Value whyNotOpenable(const Napi::CallbackInfo& info) {
  std::string reason;
  if (canOpenLibrary(info[0].As<Napi::String>().Utf8Value(), reason)) return info.Env().Null();
  return Napi::String::New(info.Env(), reason);
}

/// quantize(options, onProgress): Promise<void>
Napi::Value quantizeFile(const Napi::CallbackInfo& info) {
  const auto given = info[0].As<Napi::Object>();
  const QuantizeOptions options{stringOf(given, "input"), stringOf(given, "output"),
                                stringOf(given, "fileType"), integerOf<int>(given, "threads")};
  auto progress = makeChannel(info.Env(), info[1].As<Napi::Function>(), "quantiser progress");
  return AsyncTask<Nothing>::run(
      info.Env(),
      [options, progress] {
        quantize(options, [&progress](double fraction) {
          progress->NonBlockingCall([fraction](Napi::Env env, Napi::Function callback) {
            callback.Call({Napi::Number::New(env, fraction)});
          });
        });
        return Nothing{};
      },
      toUndefined);
}

/// dieWithParent(): void. The kernel ends this process when its parent dies, however that happens (Linux
/// only; elsewhere the closed message channel has to do).
Napi::Value dieWithParent(const Napi::CallbackInfo& info) {
#ifdef __linux__
  prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
  return info.Env().Undefined();
}

void endEngines(AddonData* data) {
  for (EngineObject* engine : data->engines) engine->shutDown();
}

Napi::Object initialise(Napi::Env env, Napi::Object exports) {
  auto* data = new AddonData;
  env.SetInstanceData(data);
  env.AddCleanupHook(endEngines, data);
  data->modelClass = ModelObject::define(env);
  data->engineClass = EngineObject::define(env);
  data->evaluationClass = EvaluationObject::define(env);
  const auto add = [&](const char* name, Napi::Value (*function)(const Napi::CallbackInfo&)) {
    exports.Set(name, Napi::Function::New(env, function, name));
  };
  add("openBackend", openBackend);
  add("whyNotOpenable", whyNotOpenable);
  add("dieWithParent", dieWithParent);
  add("loadModel", ModelObject::load);
  add("createEngine", EngineObject::create);
  add("createEvaluation", EvaluationObject::create);
  add("createTableEngine", EngineObject::createOnTable);
  add("quantize", quantizeFile);
  add("convertRows", convertRowsAsync);
  add("addLowRank", addLowRankAsync);
  add("processScores", processScores);
  add("chooseTokens", chooseTokens);
  add("philox", philox);
  add("torchExponentials", torchExponentials);
  add("sampleTable", sampleTable);
  add("searchTable", searchTable);
  add("createGrammar", createGrammar);
  add("rankCandidates", rankCandidates);
  add("measureDecodeLoop", measureDecodeLoop);
  add("measureChoice", measureChoice);
  add("runSourceSteps", runSourceSteps);
  return exports;
}

}  // namespace

NODE_API_MODULE(glossa, initialise)

}  // namespace glossa
