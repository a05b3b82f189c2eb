#include "engine/llama_context.h"

#include <limits>
#include <stdexcept>
#include <string>

#include "engine/cell_state.h"
#include "llama/log.h"

namespace glossa {

namespace {

/// Logical batch: prompts of many requests can be evaluated in one go.
constexpr std::int32_t kBatchSize = 2048;
/// Physical batch, llama.cpp's default.
constexpr std::int32_t kMicroBatchSize = 512;
/// llama.cpp rounds the cells that it allocates up to multiples of this, but lowers n_batch to what it was
/// told.
constexpr std::int64_t kCellStep = 256;

std::int64_t roundedUp(std::int64_t cells) {
  return (cells + kCellStep - 1) / kCellStep * kCellStep;
}

std::uint32_t allocatedCells(const CellOptions& options) {
  const std::int64_t cells = options.unified
                                 ? roundedUp(options.cells)
                                 : roundedUp(options.cells / options.sequences) * options.sequences;
  if (cells > std::numeric_limits<std::uint32_t>::max()) {
    throw std::runtime_error("the KV cache can't have more than 4294967295 cells");
  }
  return static_cast<std::uint32_t>(cells);
}

std::string failureOf(const CellOptions& options) {
  const std::string log = recentLog();
  if (options.type == GGML_TYPE_F16) return "the context can't be made: " + log;
  return "the context can't be made with kvType " + std::string(api().ggml_type_name(options.type)) + ": " +
         log;
}

}  // namespace

LlamaContext::LlamaContext(std::shared_ptr<const Model> model, std::shared_ptr<const ComputeThreads> threads,
                           const CellOptions& options, std::atomic<bool>& aborting)
    : model_(std::move(model)), threads_(std::move(threads)), options_(options) {
  clearLog();
  llama_context_params parameters = api().llama_context_default_params();
  parameters.n_ctx = allocatedCells(options_);
  parameters.n_batch = kBatchSize;
  parameters.n_ubatch = kMicroBatchSize;
  if (options_.embeddingBatch > 0) {
    parameters.embeddings = true;
    parameters.pooling_type = LLAMA_POOLING_TYPE_NONE;
    parameters.n_batch = static_cast<std::uint32_t>(options_.embeddingBatch);
    parameters.n_ubatch = parameters.n_batch;
  }
  parameters.n_seq_max = static_cast<std::uint32_t>(options_.sequences);
  parameters.kv_unified = options_.unified;
  parameters.type_k = options_.type;
  parameters.type_v = options_.type;
  // llama.cpp's flash attention rounds keys and values of F32 to F16, so it would gain nothing.
  if (options_.type == GGML_TYPE_F32) parameters.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_DISABLED;
  if (options_.type == GGML_TYPE_F32 && ExactGelu::isFor(*model_)) gelu_.attachTo(parameters);
  parameters.n_threads = threads_->count();
  parameters.n_threads_batch = threads_->count();
  parameters.no_perf = true;
  context_.reset(api().llama_init_from_model(model_->handle(), parameters));
  if (!context_) throw std::runtime_error(failureOf(options_));
  threads_->attach(context_.get());
  api().llama_set_abort_callback(
      context_.get(), [](void* flag) { return static_cast<std::atomic<bool>*>(flag)->load(); }, &aborting);
}

LlamaContext::~LlamaContext() {
  api().llama_detach_threadpool(context_.get());
}

std::int32_t LlamaContext::batchSize() const {
  return static_cast<std::int32_t>(api().llama_n_batch(context_.get()));
}

void LlamaContext::clearBatch() {
  tokens_.clear();
  positions_.clear();
  sequences_.clear();
  wanted_.clear();
}

std::int32_t LlamaContext::addToBatch(const BatchToken& token, llama_seq_id sequence) {
  tokens_.push_back(token.token);
  positions_.push_back(token.position);
  sequences_.push_back(sequence);
  wanted_.push_back(token.wantsLogits ? 1 : 0);
  return static_cast<std::int32_t>(tokens_.size()) - 1;
}

llama_batch LlamaContext::batchView() {
  sequenceCounts_.assign(tokens_.size(), 1);
  sequencePointers_.resize(tokens_.size());
  for (std::size_t i = 0; i < tokens_.size(); ++i) sequencePointers_[i] = &sequences_[i];
  return {static_cast<std::int32_t>(tokens_.size()),
          tokens_.data(),
          nullptr,
          positions_.data(),
          sequenceCounts_.data(),
          sequencePointers_.data(),
          wanted_.data()};
}

/// llama.cpp applies the adapters of the context to whole batches. A change makes it plan its graphs anew.
void LlamaContext::useAdapters(std::int32_t adapterSet, std::span<const AdapterUse> adapters) {
  if (adapterSet == adapterSet_) return;
  std::vector<llama_adapter_lora*> handles;
  std::vector<float> scales;
  for (const AdapterUse& use : adapters) {
    handles.push_back(model_->adapters().at(use.adapter));
    scales.push_back(use.scale);
  }
  if (api().llama_set_adapters_lora(context_.get(), handles.data(), handles.size(), scales.data()) != 0) {
    throw std::runtime_error("the adapters can't be used");
  }
  adapterSet_ = adapterSet;
}

DecodeStatus LlamaContext::decode(std::int32_t adapterSet, std::span<const AdapterUse> adapters) {
  // llama.cpp aborts the process on a batch beyond n_batch. That is below its usual value only where the
  // whole cache is, so the tokens would find no cells.
  if (static_cast<std::int32_t>(tokens_.size()) > batchSize()) return DecodeStatus::full;
  useAdapters(adapterSet, adapters);
  switch (api().llama_decode(context_.get(), batchView())) {
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

const float* LlamaContext::logits(std::int32_t index) const {
  return api().llama_get_logits_ith(context_.get(), index);
}

const float* LlamaContext::embedding(std::int32_t index) const {
  return api().llama_get_embeddings_ith(context_.get(), index);
}

bool LlamaContext::removeCells(llama_seq_id sequence, std::int32_t fromPosition) {
  return api().llama_memory_seq_rm(api().llama_get_memory(context_.get()), sequence, fromPosition, -1);
}

void LlamaContext::clearCells() {
  api().llama_memory_clear(api().llama_get_memory(context_.get()), false);
}

bool LlamaContext::shareCells(llama_seq_id from, llama_seq_id to, std::int32_t tokens) {
  api().llama_memory_seq_cp(api().llama_get_memory(context_.get()), from, to, 0, tokens);
  // A recurrent state is copied whole, whatever was asked for; then this fails and the row is computed.
  // Elsewhere it would only walk over all cells once more.
  return model_->hasPlainCells() || removeCells(to, tokens);
}

std::size_t LlamaContext::stateBytes(llama_seq_id sequence) const {
  return api().llama_state_seq_get_size(context_.get(), sequence);
}

std::vector<std::uint8_t> LlamaContext::saveCells(llama_seq_id sequence) const {
  std::vector<std::uint8_t> state(stateBytes(sequence));
  state.resize(api().llama_state_seq_get_data(context_.get(), state.data(), state.size(), sequence));
  return state;
}

std::uint32_t LlamaContext::streams() const {
  return options_.unified ? 1 : static_cast<std::uint32_t>(options_.sequences);
}

bool LlamaContext::canRestoreFrom(const LlamaContext& other) const {
  return streams() == other.streams() || model_->hasPlainCells();
}

bool LlamaContext::restoreCells(llama_seq_id sequence, std::span<const std::uint8_t> state) {
  std::vector<std::uint8_t> converted;
  if (model_->hasPlainCells() && streamsOf(state) != streams()) {
    converted = withStreams(state, streams());
    state = converted;
  }
  if (state.empty()) return false;
  const std::size_t read =
      api().llama_state_seq_set_data(context_.get(), state.data(), state.size(), sequence);
  if (read == state.size()) return true;
  removeCells(sequence, 0);
  return false;
}

}  // namespace glossa
