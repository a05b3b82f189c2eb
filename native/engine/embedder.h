#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "engine/compute_turn.h"
#include "engine/embedding_source.h"
#include "engine/llama_context.h"

namespace glossa {

/// What an Embedder has in common with the source that it belongs to, which outlives it.
struct EmbedderParts {
  std::shared_ptr<const Model> model;
  std::shared_ptr<const ComputeThreads> threads;
  const ComputeTurn& turn;
  std::atomic<bool>& aborting;
  const std::vector<std::vector<AdapterUse>>& adapterSets;
  std::int32_t contextSize;
  ggml_type kvType;
};

/// Hidden states from llama.cpp: a context of its own over the weights that generate.
class Embedder final : public EmbeddingSource {
 public:
  explicit Embedder(EmbedderParts parts);

  void prepare() override;
  std::size_t width() const override { return width_; }
  Pooling pooling() const override { return pooling_; }
  std::int32_t batchSize() const override { return context().batchSize(); }
  std::int32_t sequences() const override;
  DecodeStatus decode(std::span<const BatchToken> batch, std::int32_t adapterSet) override;
  std::span<const float> hiddenState(std::size_t batchIndex) override;
  void removeCells(std::int32_t sequence) override { context().removeCells(sequence, 0); }
  void clear() override { context().clearCells(); }

 private:
  /// @throws std::logic_error before prepare()
  LlamaContext& context() const;

  const EmbedderParts parts_;
  const std::size_t width_;
  const Pooling pooling_;
  std::mutex preparing_;  ///< guards owned_
  std::unique_ptr<LlamaContext> owned_;
  std::atomic<LlamaContext*> context_ = nullptr;
};

}  // namespace glossa
