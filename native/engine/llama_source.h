#pragma once

#include <atomic>
#include <memory>
#include <mutex>

#include "engine/compute_turn.h"
#include "engine/embedder.h"
#include "engine/llama_context.h"
#include "engine/logits_source.h"
#include "llama/model.h"

namespace glossa {

enum class KvLayout {
  split,    ///< a fixed share of cells for each stream: idle and foreign cells cost a step nothing, a fork
            ///< copies. Beams have a pool of their own, in which a fork is free.
  unified,  ///< one pool for all: a fork is free, but every query walks over every used cell
};

/// Beams of all searches that can be in the KV cache at a time.
inline constexpr std::int32_t kBeamSlots = 64;

struct ContextOptions {
  std::int32_t contextSize = 0;  ///< tokens per sequence; 0 for what the model was trained on
  std::int32_t slots = 1;        ///< for streams
  std::int64_t kvCells = 0;      ///< unified only; 0 for slots x contextSize
  std::int64_t beamCells = 0;  ///< split only: cells of the beams' pool; 0 for 4 x contextSize, at least 2048
  KvLayout layout = KvLayout::split;
  ggml_type kvType = GGML_TYPE_F16;  ///< elements of keys and values
  std::int32_t threads = 1;
  int turnFile = -1;  ///< see ComputeTurn
  /// What batches can be decoded with; none stands for one empty set.
  std::vector<std::vector<AdapterUse>> adapterSets;
};

/// Logits from llama.cpp: one context, and in the split layout a second one, over the same weights, for
/// beams. Hidden states have another one.
class LlamaSource final : public LogitsSource {
 public:
  /// @throws std::runtime_error with llama.cpp's reason if the context can't be made (memory)
  LlamaSource(std::shared_ptr<const Model> model, const ContextOptions& options);

  std::size_t vocabularySize() const override { return model_->vocabularySize(); }
  std::string_view piece(std::int32_t token) const override { return model_->piece(token); }
  SlotGroup slotGroup(SlotKind kind) const override;
  void prepareBeams() override;
  EmbeddingSource& embeddings() override { return embedder_; }
  std::int32_t contextSize() const override { return options_.contextSize; }
  std::int32_t batchSize() const override { return streams_->batchSize(); }
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
  /// What a slot is to llama.cpp.
  struct Place {
    LlamaContext* context;
    llama_seq_id sequence;
  };
  /// Where a batch's token went.
  struct Row {
    const LlamaContext* context;
    std::int32_t index;
  };

  bool isUnified() const { return options_.layout == KvLayout::unified; }
  Place placeOf(std::int32_t slot) const;
  void distribute(std::span<const BatchToken> batch);
  void undo(std::span<const BatchToken> batch, const LlamaContext& context);

  std::shared_ptr<const Model> model_;
  ContextOptions options_;
  ComputeTurn turn_;
  std::atomic<bool> aborting_ = false;
  std::shared_ptr<const ComputeThreads> threads_;
  std::unique_ptr<LlamaContext> streams_;  ///< in the unified layout with the beams

  std::mutex preparing_;  ///< guards ownedBeams_
  std::unique_ptr<LlamaContext> ownedBeams_;
  std::atomic<LlamaContext*> beams_ = nullptr;  ///< null in the unified layout and before prepareBeams()

  Embedder embedder_;

  std::vector<Row> rows_;  ///< by index in the last batch
};

/// llama.cpp's type of that name: f32, f16, q8_0.
ggml_type kvTypeNamed(std::string_view name);

}  // namespace glossa
