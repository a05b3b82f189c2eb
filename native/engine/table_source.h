#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "engine/embed_table.h"
#include "engine/logits_source.h"

namespace glossa {

struct TableOptions {
  std::int32_t vocabularySize = 0;
  std::int32_t contextSize = 0;
  std::int32_t slots = 1;
  std::int64_t totalCells = 0;      ///< less than slots x contextSize makes all slots share one pool
  std::int64_t beamCells = 0;       ///< of the pool for beams where streams have none; 0 for enough
  std::int32_t stepDelayMs = 0;     ///< sleep in every decode, to give tests time to interfere
  std::vector<std::string> pieces;  ///< bytes of each token
};

/// A bigram language model for tests: the logits after a token are the token's row of a table, one table for
/// each adapter set. It keeps real books of cells and positions and throws on any batch that a KV cache could
/// not hold, or that builds on another set's cells, so scheduling errors show.
class TableSource final : public LogitsSource {
 public:
  /// @param tables for each adapter set vocabularySize x vocabularySize, row-major: logits of the next token
  ///   after each token
  TableSource(const TableOptions& options, std::vector<std::vector<float>> tables);

  std::size_t vocabularySize() const override { return static_cast<std::size_t>(options_.vocabularySize); }
  std::string_view piece(std::int32_t token) const override {
    return options_.pieces.at(static_cast<std::size_t>(token));
  }
  SlotGroup slotGroup(SlotKind kind) const override;
  void prepareBeams() override {}
  EmbeddingSource& embeddings() override { return embeddings_; }
  std::int32_t contextSize() const override { return options_.contextSize; }
  std::int32_t batchSize() const override { return 256; }
  std::int32_t adapterSets() const override { return static_cast<std::int32_t>(tables_.size()); }
  DecodeStatus decode(std::span<const BatchToken> batch, std::int32_t adapterSet) override;
  std::span<const float> logits(std::size_t batchIndex) override;
  void requestAbort() override { aborting_ = true; }
  bool removeCells(std::int32_t slot, std::int32_t fromPosition) override;
  bool copyCells(std::int32_t from, std::int32_t to, std::int32_t tokens) override;
  std::size_t stateBytes(std::int32_t slot) override { return cells(slot).size() * sizeof(Token); }
  std::vector<std::uint8_t> saveCells(std::int32_t slot) override;
  bool restoreCells(std::int32_t slot, std::span<const std::uint8_t> state) override;

 private:
  struct Token {
    std::int32_t token;
    std::int32_t adapterSet;
  };
  /// One cell, held by every slot that it was copied to.
  using Cell = std::shared_ptr<const Token>;

  std::vector<Cell>& cells(std::int32_t slot);
  /// Cells in use in a group's pool, shared ones counted once.
  std::int64_t usedCells(const SlotGroup& group) const;
  bool hasRoomFor(std::span<const BatchToken> batch) const;

  TableOptions options_;
  std::vector<std::vector<float>> tables_;  ///< by adapter set
  std::vector<std::vector<Cell>> cells_;    ///< by slot
  EmbedTable embeddings_;
  std::vector<BatchToken> batch_;
  std::int32_t adapterSet_ = 0;  ///< of the last batch
  std::atomic<bool> aborting_ = false;
};

}  // namespace glossa
