#include "node/engine_object.h"

#include "engine/llama_source.h"
#include "engine/table_source.h"
#include "node/addon_data.h"
#include "node/async.h"
#include "node/channel.h"
#include "node/convert.h"
#include "node/embed.h"
#include "node/model_object.h"
#include "node/source_steps.h"

namespace glossa {

namespace {

struct Started {
  std::shared_ptr<Scheduler> scheduler;
  std::shared_ptr<GrammarFactory> grammars;
  std::size_t vocabularySize;
  std::int32_t contextSize;
  std::int32_t adapterSets;
};

SchedulerOptions schedulerOptionsOf(const Napi::Object& options) {
  return {integerOf<std::size_t>(options, "cacheRamBytes"), booleanOf(options, "reproducible")};
}

/// From an array of arrays of { adapter, scale }.
std::vector<std::vector<AdapterUse>> adapterSetsOf(const Napi::Value& value) {
  const auto array = value.As<Napi::Array>();
  std::vector<std::vector<AdapterUse>> sets(array.Length());
  for (std::uint32_t i = 0; i < array.Length(); ++i) {
    const auto uses = array.Get(i).As<Napi::Array>();
    for (std::uint32_t j = 0; j < uses.Length(); ++j) {
      const auto use = uses.Get(j).As<Napi::Object>();
      sets[i].push_back({integerOf<std::size_t>(use, "adapter"), static_cast<float>(numberOf(use, "scale"))});
    }
  }
  return sets;
}

std::vector<std::vector<float>> tablesOf(const Napi::Value& value) {
  const auto array = value.As<Napi::Array>();
  std::vector<std::vector<float>> tables(array.Length());
  for (std::uint32_t i = 0; i < array.Length(); ++i) {
    const auto table = array.Get(i).As<Napi::Float32Array>();
    tables[i].assign(table.Data(), table.Data() + table.ElementLength());
  }
  return tables;
}

}  // namespace

Napi::FunctionReference EngineObject::define(Napi::Env env) {
  return Napi::Persistent(
      DefineClass(env, "NativeEngine",
                  {
                      InstanceMethod<&EngineObject::prepareBeams>("prepareBeams"),
                      InstanceMethod<&EngineObject::submit>("submit"),
                      InstanceMethod<&EngineObject::prepareEmbeddings>("prepareEmbeddings"),
                      InstanceMethod<&EngineObject::embed>("embed"),
                      InstanceMethod<&EngineObject::cancelEmbed>("cancelEmbed"),
                      InstanceMethod<&EngineObject::cancel>("cancel"),
                      InstanceMethod<&EngineObject::setPaused>("setPaused"),
                      InstanceMethod<&EngineObject::acknowledge>("acknowledge"),
                      InstanceMethod<&EngineObject::stats>("stats"),
                      InstanceMethod<&EngineObject::stop>("stop"),
                  }));
}

EngineObject::EngineObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<EngineObject>(info) {
  if (!info[0].IsExternal()) throw Napi::TypeError::New(info.Env(), "use createEngine()");
  const Started& started = *info[0].As<Napi::External<Started>>().Data();
  scheduler_ = started.scheduler;
  grammars_ = started.grammars;
  vocabularySize_ = started.vocabularySize;
  contextSize_ = started.contextSize;
  adapterSets_ = started.adapterSets;
  AddonData::of(info.Env()).engines.insert(this);
}

EngineObject::~EngineObject() {
  if (auto* data = AddonData::find(Env())) data->engines.erase(this);
  shutDown();
}

void EngineObject::shutDown() {
  if (scheduler_) scheduler_->stop();
}

Napi::Value EngineObject::start(Napi::Env env, SourceMaker makeSource,
                                std::shared_ptr<GrammarFactory> grammars, const SchedulerOptions& options,
                                const Napi::Function& onStep) {
  auto channel = makeChannel(env, onStep, "engine step");
  return AsyncTask<Started>::run(
      env,
      [makeSource = std::move(makeSource), grammars = std::move(grammars), options, channel] {
        auto source = makeSource();
        const std::size_t vocabularySize = source->vocabularySize();
        const std::int32_t contextSize = source->contextSize();
        const std::int32_t adapterSets = source->adapterSets();
        auto scheduler =
            std::make_shared<Scheduler>(std::move(source), options, [channel](std::vector<Event> events) {
              auto* step = new std::vector<Event>(std::move(events));
              const auto deliver = [](Napi::Env callEnv, Napi::Function callback, std::vector<Event>* owned) {
                const std::unique_ptr<std::vector<Event>> content(owned);
                if (static_cast<napi_env>(callEnv) != nullptr) callback.Call({toTuples(callEnv, *content)});
              };
              if (channel->NonBlockingCall(step, deliver) != napi_ok) delete step;
            });
        return Started{std::move(scheduler), grammars, vocabularySize, contextSize, adapterSets};
      },
      [](Napi::Env callEnv, Started started) -> Napi::Value {
        return AddonData::of(callEnv).engineClass.New({Napi::External<Started>::New(callEnv, &started)});
      });
}

Napi::Value EngineObject::create(const Napi::CallbackInfo& info) {
  const auto options = info[1].As<Napi::Object>();
  ContextOptions context = contextOptionsOf(options);
  context.turnFile = integerOf<int>(options, "turnFile");
  context.adapterSets = adapterSetsOf(options.Get("adapterSets"));
  auto model = ModelObject::Unwrap(info[0].As<Napi::Object>())->model();
  return start(
      info.Env(), [model, context] { return std::make_unique<LlamaSource>(model, context); },
      std::make_shared<GrammarFactory>(model), schedulerOptionsOf(options), info[2].As<Napi::Function>());
}

Napi::Value EngineObject::createOnTable(const Napi::CallbackInfo& info) {
  const auto options = info[1].As<Napi::Object>();
  TableOptions tableOptions;
  tableOptions.pieces = bytesOf(options.Get("pieces"));
  tableOptions.vocabularySize = static_cast<std::int32_t>(tableOptions.pieces.size());
  tableOptions.contextSize = integerOf<std::int32_t>(options, "contextSize");
  tableOptions.slots = integerOf<std::int32_t>(options, "parallelSequences");
  tableOptions.totalCells = integerOf<std::int64_t>(options, "kvCells");
  tableOptions.beamCells = integerOf<std::int64_t>(options, "beamCells");
  tableOptions.stepDelayMs = integerOf<std::int32_t>(options, "stepDelayMs");
  return start(
      info.Env(),
      [tableOptions, tables = tablesOf(info[0])] {
        return std::make_unique<TableSource>(tableOptions, tables);
      },
      nullptr, schedulerOptionsOf(options), info[2].As<Napi::Function>());
}

Scheduler& EngineObject::scheduler(Napi::Env env) const {
  if (!scheduler_) throw Napi::Error::New(env, "the engine is stopped");
  return *scheduler_;
}

namespace {

/// @throws std::runtime_error if the tokens that a sequence goes on from do not obey the grammar
void checkContinuation(const RowConstraint& grammar, const RequestSpec& spec) {
  if (spec.continuedTokens == 0 || spec.decoding.numBeams > 1) return;
  const auto trial = grammar.clone();
  const std::span<const std::int32_t> prompt(spec.prompt);
  try {
    for (const std::int32_t token : prompt.last(static_cast<std::size_t>(spec.continuedTokens)))
      trial->accept(token);
  } catch (const std::logic_error& error) {
    throw std::runtime_error(std::string("the text that is continued does not obey it: ") + error.what());
  }
}

}  // namespace

/// @throws Napi::Error with what is wrong with the grammar, or that the continued tokens do not obey it
std::shared_ptr<const RowConstraint> EngineObject::grammarOf(const Napi::Object& request,
                                                             const RequestSpec& spec) const {
  const auto grammar = request.Get("grammar");
  if (!grammar.IsString()) return nullptr;
  if (!grammars_) throw Napi::Error::New(request.Env(), "this engine knows no grammars");
  try {
    auto start = grammars_->make(grammar.As<Napi::String>().Utf8Value(), spec.decoding.eosTokenIds);
    checkContinuation(*start, spec);
    return start;
  } catch (const std::runtime_error& error) {
    throw Napi::Error::New(request.Env(), std::string("grammar: ") + error.what());
  }
}

Napi::Value EngineObject::prepareBeams(const Napi::CallbackInfo& info) {
  scheduler(info.Env());
  return AsyncTask<Nothing>::run(
      info.Env(),
      [scheduler = scheduler_] {
        scheduler->prepareBeams();
        return Nothing{};
      },
      toUndefined);
}

Napi::Value EngineObject::submit(const Napi::CallbackInfo& info) {
  const auto request = info[0].As<Napi::Object>();
  RequestSpec spec = requestSpecOf(request, vocabularySize_, adapterSets_);
  spec.grammar = grammarOf(request, spec);
  scheduler(info.Env()).submit(std::move(spec));
  return info.Env().Undefined();
}

Napi::Value EngineObject::prepareEmbeddings(const Napi::CallbackInfo& info) {
  scheduler(info.Env());
  return AsyncTask<Nothing>::run(
      info.Env(),
      [scheduler = scheduler_] {
        scheduler->prepareEmbeddings();
        return Nothing{};
      },
      toUndefined);
}

Napi::Value EngineObject::embed(const Napi::CallbackInfo& info) {
  EmbedSpec spec = embedSpecOf(info[0].As<Napi::Object>(), {vocabularySize_, contextSize_, adapterSets_});
  spec.onDone = embedCallback(info.Env(), info[1].As<Napi::Function>());
  scheduler(info.Env()).embed(std::move(spec));
  return info.Env().Undefined();
}

Napi::Value EngineObject::cancelEmbed(const Napi::CallbackInfo& info) {
  scheduler(info.Env()).cancelEmbed(static_cast<std::uint64_t>(info[0].As<Napi::Number>().Int64Value()));
  return info.Env().Undefined();
}

Napi::Value EngineObject::cancel(const Napi::CallbackInfo& info) {
  scheduler(info.Env())
      .cancel(static_cast<std::uint64_t>(info[0].As<Napi::Number>().Int64Value()),
              info[1].As<Napi::Number>().Int32Value());
  return info.Env().Undefined();
}

Napi::Value EngineObject::setPaused(const Napi::CallbackInfo& info) {
  scheduler(info.Env())
      .setPaused(static_cast<std::uint64_t>(info[0].As<Napi::Number>().Int64Value()),
                 info[1].As<Napi::Boolean>().Value());
  return info.Env().Undefined();
}

Napi::Value EngineObject::acknowledge(const Napi::CallbackInfo& info) {
  // A message may leave the process after the engine was stopped.
  if (scheduler_) scheduler_->acknowledge();
  return info.Env().Undefined();
}

Napi::Value EngineObject::stats(const Napi::CallbackInfo& info) {
  const SchedulerStats stats = scheduler(info.Env()).stats();
  auto result = Napi::Object::New(info.Env());
  const auto set = [&](const char* key, auto value) { result.Set(key, static_cast<double>(value)); };
  set("queuedRequests", stats.queuedRequests);
  set("activeRequests", stats.activeRequests);
  set("activeSequences", stats.activeSequences);
  set("usedCells", stats.usedCells);
  set("totalCells", stats.totalCells);
  set("usedBeamCells", stats.usedBeamCells);
  set("totalBeamCells", stats.totalBeamCells);
  set("cachedPrefixes", stats.cachedPrefixes);
  set("cachedPrefixBytes", stats.cachedPrefixBytes);
  set("decodeSteps", stats.decodeSteps);
  set("generatedTokens", stats.generatedTokens);
  set("promptTokens", stats.promptTokens);
  set("cachedPromptTokens", stats.cachedPromptTokens);
  set("preemptions", stats.preemptions);
  set("samplingMs", stats.samplingMs);
  return result;
}

Napi::Value EngineObject::stop(const Napi::CallbackInfo& info) {
  // The object lets go first, so that calls from now on fail; the thread ends off the JavaScript thread.
  return AsyncTask<Nothing>::run(
      info.Env(),
      [scheduler = std::exchange(scheduler_, nullptr)] {
        if (scheduler) scheduler->stop();
        return Nothing{};
      },
      toUndefined);
}

}  // namespace glossa
