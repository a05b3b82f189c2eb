#pragma once

#include <atomic>
#include <memory>

#include "engine/compute_turn.h"
#include "engine/logits_source.h"
#include "llama/model.h"

namespace glossa {

enum class KvLayout {
  split,    ///< a fixed share of cells for each sequence: idle and foreign cells cost a step nothing, a fork
            ///< copies
  unified,  ///< one pool for all: a fork is free, but every query walks over every used cell
};

/// One adapter of a set.
struct AdapterUse {
  std::size_t adapter = 0;  ///< index in the model's adapters
  float scale = 1;
};

struct ContextOptions {
  std::int32_t contextSize = 0;  ///< tokens per sequence; 0 for what the model was trained on
  std::int32_t slots = 1;
  std::int64_t kvCells = 0;  ///< unified only; 0 for slots x contextSize
  KvLayout layout = KvLayout::split;
  std::int32_t threads = 1;
  int turnFile = -1;  ///< see ComputeTurn
  /// What batches can be decoded with; none stands for one empty set.
  std::vector<std::vector<AdapterUse>> adapterSets;
};

/// Logits from a llama.cpp context.
class LlamaSource final : public LogitsSource {
 public:
  /// @throws std::runtime_error with llama.cpp's reason if the context can't be made (memory)
  LlamaSource(std::shared_ptr<const Model> model, const ContextOptions& options);
  ~LlamaSource() override;
  LlamaSource(const LlamaSource&) = delete;
  LlamaSource& operator=(const LlamaSource&) = delete;

  std::size_t vocabularySize() const override { return model_->vocabularySize(); }
  std::string_view piece(std::int32_t token) const override { return model_->piece(token); }
  SlotGroup slotGroup(SlotKind kind) const override;
  void prepareBeams() override;
  std::int32_t contextSize() const override { return options_.contextSize; }
  std::int32_t batchSize() const override;
  std::int32_t adapterSets() const override { return static_cast<std::int32_t>(options_.adapterSets.size()); }
  DecodeStatus decode(std::span<const BatchToken> batch, std::int32_t adapterSet) override;
  std::span<const float> logits(std::size_t batchIndex) override;
  void requestAbort() override { aborting_ = true; }
  bool removeCells(std::int32_t slot, std::int32_t fromPosition) override;
  bool copyCells(std::int32_t from, std::int32_t to, std::int32_t tokens) override;
  std::size_t stateBytes(std::int32_t slot) override;
  std::vector<std::uint8_t> saveCells(std::int32_t slot) override;
  bool restoreCells(std::int32_t slot, std::span<const std::uint8_t> state) override;

 private:
  struct ThreadPool;
  struct Batch;

  void useAdapters(std::int32_t adapterSet);

  std::shared_ptr<const Model> model_;
  ContextOptions options_;
  ComputeTurn turn_;
  std::atomic<bool> aborting_ = false;
  std::unique_ptr<ThreadPool> threadPool_;
  ContextPointer context_;
  std::unique_ptr<Batch> batch_;
  std::int32_t adapterSet_ = -1;  ///< the set of the last batch
};

}  // namespace glossa
