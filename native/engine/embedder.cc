#include "engine/embedder.h"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace glossa {

namespace {

/// Short inputs of one batch, at most.
constexpr std::int32_t kSequences = 64;
/// llama.cpp computes and keeps scores of the vocabulary for every token whose hidden state is wanted, so a
/// batch is as large as this allows for them, within the limits below.
constexpr std::size_t kScoreBytes = std::size_t{64} << 20;
constexpr std::size_t kLeastBatch = 32;
constexpr std::size_t kLargestBatch = 512;

std::int32_t batchSizeFor(const Model& model) {
  const std::size_t fitting = kScoreBytes / (model.vocabularySize() * sizeof(float));
  return static_cast<std::int32_t>(
      std::clamp(fitting / kLeastBatch * kLeastBatch, kLeastBatch, kLargestBatch));
}

/// As the file says (llama.cpp's llama_pooling_type); the mean for one that says nothing.
Pooling poolingOf(const Model& model) {
  const auto metadata = model.metadata();
  const auto architecture = metadata.find("general.architecture");
  if (architecture == metadata.end()) return Pooling::mean;
  const auto type = metadata.find(architecture->second + ".pooling_type");
  if (type == metadata.end()) return Pooling::mean;
  if (type->second == std::to_string(LLAMA_POOLING_TYPE_CLS)) return Pooling::cls;
  if (type->second == std::to_string(LLAMA_POOLING_TYPE_LAST)) return Pooling::last;
  return Pooling::mean;
}

}  // namespace

Embedder::Embedder(EmbedderParts parts)
    : parts_(std::move(parts)),
      width_(static_cast<std::size_t>(api().llama_model_n_embd_out(parts_.model->handle()))),
      pooling_(poolingOf(*parts_.model)) {}

// The scheduler's thread may be decoding meanwhile in another context: the two share only the weights and the
// thread pool, and making a context computes nothing.
void Embedder::prepare() {
  const std::lock_guard lock(preparing_);
  if (owned_) return;
  CellOptions options{parts_.contextSize, kSequences, true, parts_.kvType};
  options.embeddingBatch = batchSizeFor(*parts_.model);
  owned_ = std::make_unique<LlamaContext>(parts_.model, parts_.threads, options, parts_.aborting);
  context_.store(owned_.get(), std::memory_order_release);
}

LlamaContext& Embedder::context() const {
  LlamaContext* context = context_.load(std::memory_order_acquire);
  if (context == nullptr) throw std::logic_error("hidden states are asked for before prepare()");
  return *context;
}

std::int32_t Embedder::sequences() const {
  return kSequences;
}

DecodeStatus Embedder::decode(std::span<const BatchToken> batch, std::int32_t adapterSet) {
  if (parts_.aborting) return DecodeStatus::aborted;
  LlamaContext& target = context();
  target.clearBatch();
  for (const BatchToken& token : batch) target.addToBatch(token, token.slot);
  const ComputeTurn::Holder turn = parts_.turn.take();
  return target.decode(adapterSet, parts_.adapterSets.at(static_cast<std::size_t>(adapterSet)));
}

std::span<const float> Embedder::hiddenState(std::size_t batchIndex) {
  const float* state = context().embedding(static_cast<std::int32_t>(batchIndex));
  if (state == nullptr) throw std::logic_error("there is no hidden state at this batch index");
  return {state, width_};
}

}  // namespace glossa
