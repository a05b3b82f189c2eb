#pragma once

#include <atomic>
#include <string>

#include "engine/logits_source.h"

namespace glossa {

struct TableOptions {
  std::int32_t vocabularySize = 0;
  std::int32_t contextSize = 0;
  std::int32_t slots = 1;
  std::int64_t totalCells = 0;      ///< less than slots x contextSize makes slots share one pool
  std::int32_t stepDelayMs = 0;     ///< sleep in every decode, to give tests time to interfere
  std::vector<std::string> pieces;  ///< bytes of each token
};

/// A bigram language model for tests: the logits after a token are the token's row of a table. It keeps real
/// books of cells and positions and throws on any batch that a KV cache could not hold, so scheduling errors
/// show.
class TableSource final : public LogitsSource {
 public:
  /// @param table vocabularySize x vocabularySize, row-major: logits of the next token after each token
  TableSource(const TableOptions& options, std::vector<float> table);

  std::size_t vocabularySize() const override { return static_cast<std::size_t>(options_.vocabularySize); }
  std::string_view piece(std::int32_t token) const override {
    return options_.pieces.at(static_cast<std::size_t>(token));
  }
  std::int32_t slots() const override { return options_.slots; }
  std::int32_t contextSize() const override { return options_.contextSize; }
  std::int64_t totalCells() const override { return options_.totalCells; }
  std::int32_t batchSize() const override { return 256; }
  DecodeStatus decode(std::span<const BatchToken> batch) override;
  std::span<const float> logits(std::size_t batchIndex) override;
  void requestAbort() override { aborting_ = true; }
  bool removeCells(std::int32_t slot, std::int32_t fromPosition) override;
  bool copyCells(std::int32_t from, std::int32_t to, std::int32_t tokens) override;
  std::size_t stateBytes(std::int32_t slot) override { return cells(slot).size() * sizeof(std::int32_t); }
  std::vector<std::uint8_t> saveCells(std::int32_t slot) override;
  bool restoreCells(std::int32_t slot, std::span<const std::uint8_t> state) override;

 private:
  std::vector<std::int32_t>& cells(std::int32_t slot);
  std::int64_t usedCells() const;

  TableOptions options_;
  std::vector<float> table_;
  std::vector<std::vector<std::int32_t>> cells_;  ///< per slot, the tokens whose cells it holds
  std::vector<BatchToken> batch_;
  std::atomic<bool> aborting_ = false;
};

}  // namespace glossa
