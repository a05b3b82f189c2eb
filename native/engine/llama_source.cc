#include "engine/llama_source.h"

#include <algorithm>
#include <limits>
#include <stdexcept>

#include "llama/log.h"

namespace glossa {

namespace {

/// Logical batch: prompts of many requests can be evaluated in one go.
constexpr std::int32_t kBatchSize = 2048;
/// Physical batch, llama.cpp's default.
constexpr std::int32_t kMicroBatchSize = 512;

/// A function of the CPU backend, which is a plug-in and exports nothing by name.
template <typename Function>
Function cpuFunction(const char* name) {
  ggml_backend_reg_t cpu = api().ggml_backend_reg_by_name("CPU");
  if (cpu == nullptr) return nullptr;
  return reinterpret_cast<Function>(api().ggml_backend_reg_get_proc_address(cpu, name));
}

}  // namespace

/// A thread pool that lives as long as the context: without one, ggml starts threads anew for every graph.
struct LlamaSource::ThreadPool {
  explicit ThreadPool(std::int32_t threads) {
    const auto create = cpuFunction<decltype(&ggml_threadpool_new)>("ggml_threadpool_new");
    if (create == nullptr) return;
    ggml_threadpool_params parameters = api().ggml_threadpool_params_default(threads);
    // Between graphs ggml's threads would spin for milliseconds by default, on cores that other threads of
    // ours and other models need; measured, waking them costs nothing.
    parameters.poll = 0;
    pool = create(&parameters);
  }
  ~ThreadPool() {
    const auto destroy = cpuFunction<decltype(&ggml_threadpool_free)>("ggml_threadpool_free");
    if (pool != nullptr && destroy != nullptr) destroy(pool);
  }
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  ggml_threadpool* pool = nullptr;
};

/// llama_batch as arrays of ours: one sequence id per token.
struct LlamaSource::Batch {
  void fill(std::span<const BatchToken> source) {
    const std::size_t count = source.size();
    tokens.resize(count);
    positions.resize(count);
    counts.assign(count, 1);
    slots.resize(count);
    slotPointers.resize(count);
    wanted.resize(count);
    for (std::size_t i = 0; i < count; ++i) {
      tokens[i] = source[i].token;
      positions[i] = source[i].position;
      slots[i] = source[i].slot;
      slotPointers[i] = &slots[i];
      wanted[i] = source[i].wantsLogits ? 1 : 0;
    }
  }
  llama_batch view() {
    return {static_cast<std::int32_t>(tokens.size()),
            tokens.data(),
            nullptr,
            positions.data(),
            counts.data(),
            slotPointers.data(),
            wanted.data()};
  }

  std::vector<llama_token> tokens;
  std::vector<llama_pos> positions;
  std::vector<std::int32_t> counts;
  std::vector<llama_seq_id> slots;
  std::vector<llama_seq_id*> slotPointers;
  std::vector<std::int8_t> wanted;
};

LlamaSource::LlamaSource(std::shared_ptr<const Model> model, const ContextOptions& options)
    : model_(std::move(model)),
      options_(options),
      turn_(options.turnFile),
      batch_(std::make_unique<Batch>()) {
  if (options_.adapterSets.empty()) options_.adapterSets.emplace_back();
  if (options_.contextSize <= 0) options_.contextSize = model_->trainedContextSize();
  if (options_.layout == KvLayout::split || options_.kvCells <= 0) {
    options_.kvCells = std::int64_t{options_.contextSize} * options_.slots;
  }
  if (options_.kvCells > std::numeric_limits<std::uint32_t>::max()) {
    throw std::runtime_error("the KV cache can't have more than 4294967295 cells");
  }
  clearLog();
  llama_context_params parameters = api().llama_context_default_params();
  parameters.n_ctx = static_cast<std::uint32_t>(options_.kvCells);
  parameters.n_batch = kBatchSize;
  parameters.n_ubatch = kMicroBatchSize;
  parameters.n_seq_max = static_cast<std::uint32_t>(options_.slots);
  parameters.kv_unified = options_.layout == KvLayout::unified;
  parameters.n_threads = options_.threads;
  parameters.n_threads_batch = options_.threads;
  parameters.no_perf = true;
  context_.reset(api().llama_init_from_model(model_->handle(), parameters));
  if (!context_) throw std::runtime_error("the context can't be made: " + recentLog());
  threadPool_ = std::make_unique<ThreadPool>(options_.threads);
  if (threadPool_->pool != nullptr) {
    api().llama_attach_threadpool(context_.get(), threadPool_->pool, threadPool_->pool);
  }
  api().llama_set_abort_callback(
      context_.get(), [](void* flag) { return static_cast<std::atomic<bool>*>(flag)->load(); }, &aborting_);
}

LlamaSource::~LlamaSource() {
  if (context_) api().llama_detach_threadpool(context_.get());
}

SlotGroup LlamaSource::slotGroup(SlotKind kind) const {
  const bool shared = options_.layout == KvLayout::unified;
  const bool streams = kind == SlotKind::stream;
  return {streams ? 0 : options_.slots, streams ? options_.slots : 0, 0, options_.kvCells, shared};
}
void LlamaSource::prepareBeams() {}
// llama.cpp lowers it to the number of cells where those are fewer.
std::int32_t LlamaSource::batchSize() const {
  return static_cast<std::int32_t>(api().llama_n_batch(context_.get()));
}

/// llama.cpp applies the adapters of the context to whole batches. A change makes it plan its graphs anew.
void LlamaSource::useAdapters(std::int32_t adapterSet) {
  if (adapterSet == adapterSet_) return;
  std::vector<llama_adapter_lora*> adapters;
  std::vector<float> scales;
  for (const AdapterUse& use : options_.adapterSets.at(static_cast<std::size_t>(adapterSet))) {
    adapters.push_back(model_->adapters().at(use.adapter));
    scales.push_back(use.scale);
  }
  if (api().llama_set_adapters_lora(context_.get(), adapters.data(), adapters.size(), scales.data()) != 0) {
    throw std::runtime_error("the adapters can't be used");
  }
  adapterSet_ = adapterSet;
}

DecodeStatus LlamaSource::decode(std::span<const BatchToken> batch, std::int32_t adapterSet) {
  if (aborting_) return DecodeStatus::aborted;
  batch_->fill(batch);
  useAdapters(adapterSet);
  const ComputeTurn::Holder turn = turn_.take();
  switch (api().llama_decode(context_.get(), batch_->view())) {
    case 0:
      return DecodeStatus::ok;
    case 1:
      return DecodeStatus::full;
    case 2:
      return DecodeStatus::aborted;
    default:
      return DecodeStatus::failed;
  }
}

std::span<const float> LlamaSource::logits(std::size_t batchIndex) {
  const float* row = api().llama_get_logits_ith(context_.get(), static_cast<std::int32_t>(batchIndex));
  if (row == nullptr) throw std::logic_error("logits were not asked for at this batch index");
  return {row, vocabularySize()};
}

bool LlamaSource::removeCells(std::int32_t slot, std::int32_t fromPosition) {
  return api().llama_memory_seq_rm(api().llama_get_memory(context_.get()), slot, fromPosition, -1);
}

bool LlamaSource::copyCells(std::int32_t from, std::int32_t to, std::int32_t tokens) {
  if (options_.layout == KvLayout::unified) {
    api().llama_memory_seq_cp(api().llama_get_memory(context_.get()), from, to, 0, tokens);
    // A recurrent state is copied whole, whatever was asked for; then this fails and the row is computed.
    return removeCells(to, tokens);
  }
  // llama_memory_seq_cp between split slots copies the whole share, used or not; through host memory only the
  // cells in use travel.
  return restoreCells(to, saveCells(from)) && removeCells(to, tokens);
}

std::size_t LlamaSource::stateBytes(std::int32_t slot) {
  return api().llama_state_seq_get_size(context_.get(), slot);
}

std::vector<std::uint8_t> LlamaSource::saveCells(std::int32_t slot) {
  std::vector<std::uint8_t> state(api().llama_state_seq_get_size(context_.get(), slot));
  state.resize(api().llama_state_seq_get_data(context_.get(), state.data(), state.size(), slot));
  return state;
}

bool LlamaSource::restoreCells(std::int32_t slot, std::span<const std::uint8_t> state) {
  if (state.empty()) return false;
  if (api().llama_state_seq_set_data(context_.get(), state.data(), state.size(), slot) != 0) return true;
  removeCells(slot, 0);
  return false;
}

}  // namespace glossa
