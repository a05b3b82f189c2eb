#pragma once

#include <napi.h>

#include <memory>
#include <span>

#include "engine/scheduler.h"
#include "llama/grammar.h"

namespace glossa {

/// A running scheduler as JavaScript sees it. Stopped by stop(), by the garbage collector, or when the
/// environment ends, whichever comes first.
class EngineObject final : public Napi::ObjectWrap<EngineObject> {
 public:
  static Napi::FunctionReference define(Napi::Env env);
  /// createEngine(model, options, onStep): Promise<NativeEngine>
  static Napi::Value create(const Napi::CallbackInfo& info);
  /// createTableEngine(tables, options, onStep): Promise<NativeEngine>
  static Napi::Value createOnTable(const Napi::CallbackInfo& info);

  explicit EngineObject(const Napi::CallbackInfo& info);
  ~EngineObject() override;
  EngineObject(const EngineObject&) = delete;
  EngineObject& operator=(const EngineObject&) = delete;
  /// Ends the scheduler's thread. Idempotent.
  void shutDown();

 private:
  using SourceMaker = std::function<std::unique_ptr<LogitsSource>()>;
  /// @param grammars null: requests with a grammar are refused
  static Napi::Value start(Napi::Env env, SourceMaker makeSource, std::shared_ptr<GrammarFactory> grammars,
                           const SchedulerOptions& options, const Napi::Function& onStep);
  std::shared_ptr<const RowConstraint> grammarOf(const Napi::Object& request, const RequestSpec& spec) const;

  Scheduler& scheduler(Napi::Env env) const;
  Napi::Value prepareBeams(const Napi::CallbackInfo& info);
  Napi::Value submit(const Napi::CallbackInfo& info);
  Napi::Value prepareEmbeddings(const Napi::CallbackInfo& info);
  Napi::Value embed(const Napi::CallbackInfo& info);
  Napi::Value cancelEmbed(const Napi::CallbackInfo& info);
  Napi::Value cancel(const Napi::CallbackInfo& info);
  Napi::Value setPaused(const Napi::CallbackInfo& info);
  Napi::Value acknowledge(const Napi::CallbackInfo& info);
  Napi::Value stats(const Napi::CallbackInfo& info);
  Napi::Value stop(const Napi::CallbackInfo& info);

  std::shared_ptr<Scheduler> scheduler_;
  std::shared_ptr<GrammarFactory> grammars_;
  std::size_t vocabularySize_ = 0;
  std::int32_t contextSize_ = 0;
  std::int32_t adapterSets_ = 0;
};

}  // namespace glossa
