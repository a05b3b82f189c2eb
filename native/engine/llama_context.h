#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/compute_threads.h"
#include "engine/exact_gelu.h"
#include "engine/logits_source.h"
#include "llama/model.h"

namespace glossa {

/// One adapter of a set.
struct AdapterUse {
  std::size_t adapter = 0;  ///< index in the model's adapters
  float scale = 1;
};

/// The KV cache of a context.
struct CellOptions {
  std::int64_t cells = 0;  ///< of all sequences together
  std::int32_t sequences = 1;
  bool unified = false;  ///< one pool for all, otherwise a fixed share for each
  ggml_type type = GGML_TYPE_F16;
  /// Tokens of a batch in a context that gives hidden states; 0 for one that gives logits.
  std::int32_t embeddingBatch = 0;
};

/// A llama.cpp context with its KV cache and the batch it decodes next. Made on any thread, then used by one.
class LlamaContext {
 public:
  /// @param aborting makes decode() end early once it is true
  /// @throws std::runtime_error with llama.cpp's reason if the context can't be made (memory)
  LlamaContext(std::shared_ptr<const Model> model, std::shared_ptr<const ComputeThreads> threads,
               const CellOptions& options, std::atomic<bool>& aborting);
  ~LlamaContext();
  LlamaContext(const LlamaContext&) = delete;
  LlamaContext& operator=(const LlamaContext&) = delete;

  /// Tokens in one batch at most. Fewer than usual where the whole cache holds no more.
  std::int32_t batchSize() const;

  void clearBatch();
  /// Appends a token of one of the context's sequences; `token.slot` is not looked at.
  /// @returns its index in the batch
  std::int32_t addToBatch(const BatchToken& token, llama_seq_id sequence);
  bool batchIsEmpty() const { return tokens_.empty(); }

  /// @param adapterSet names `adapters`, so that an unchanged set costs nothing
  DecodeStatus decode(std::int32_t adapterSet, std::span<const AdapterUse> adapters);
  /// Logits of a token of the batch that wanted them; null if it did not.
  const float* logits(std::int32_t index) const;
  /// Hidden state of a token of the batch, if the context gives them.
  const float* embedding(std::int32_t index) const;

  bool removeCells(llama_seq_id sequence, std::int32_t fromPosition);
  void clearCells();
  /// Unified only: marks the first `tokens` cells of one sequence as another's, too.
  bool shareCells(llama_seq_id from, llama_seq_id to, std::int32_t tokens);
  std::size_t stateBytes(llama_seq_id sequence) const;
  std::vector<std::uint8_t> saveCells(llama_seq_id sequence) const;
  /// Whether what another context saved can be restored here.
  bool canRestoreFrom(const LlamaContext& other) const;
  bool restoreCells(llama_seq_id sequence, std::span<const std::uint8_t> state);

 private:
  std::uint32_t streams() const;
  void useAdapters(std::int32_t adapterSet, std::span<const AdapterUse> adapters);
  llama_batch batchView();

  std::shared_ptr<const Model> model_;
  std::shared_ptr<const ComputeThreads> threads_;
  CellOptions options_;
  ExactGelu gelu_;  ///< with cells of float32, which are for exactness
  ContextPointer context_;
  std::int32_t adapterSet_ = -1;  ///< the set of the last batch

  // llama_batch as arrays of ours: one sequence id per token.
  std::vector<llama_token> tokens_;
  std::vector<llama_pos> positions_;
  std::vector<std::int32_t> sequenceCounts_;
  std::vector<llama_seq_id> sequences_;
  std::vector<llama_seq_id*> sequencePointers_;
  std::vector<std::int8_t> wanted_;
};

}  // namespace glossa
