#pragma once

#include <unordered_map>
#include <vector>

#include "engine/embedding_source.h"

namespace glossa {

/// Hidden states of a table source, for tests: a token's is its row of the adapter set's table. Keeps books
/// of positions and cells and throws on a batch that no context could hold.
class EmbedTable final : public EmbeddingSource {
 public:
  /// @param tables row-major, each of a multiple of `width` values; outlives this
  EmbedTable(const std::vector<std::vector<float>>& tables, std::size_t width, std::int32_t cells,
             std::int32_t stepDelayMs)
      : tables_(tables), width_(width), cells_(cells), stepDelayMs_(stepDelayMs) {}

  void prepare() override { isPrepared_ = true; }
  std::size_t width() const override { return width_; }
  Pooling pooling() const override { return Pooling::mean; }
  std::int32_t batchSize() const override { return 16; }
  std::int32_t sequences() const override { return 3; }
  DecodeStatus decode(std::span<const BatchToken> batch, std::int32_t adapterSet) override;
  std::span<const float> hiddenState(std::size_t batchIndex) override;
  void removeCells(std::int32_t sequence) override { held_.erase(sequence); }
  void clear() override { held_.clear(); }

 private:
  struct Held {
    std::int32_t tokens = 0;
    std::int32_t adapterSet = 0;
  };

  const std::vector<std::vector<float>>& tables_;
  const std::size_t width_;
  const std::int32_t cells_;
  const std::int32_t stepDelayMs_;
  bool isPrepared_ = false;
  std::unordered_map<std::int32_t, Held> held_;  ///< by sequence
  std::vector<BatchToken> batch_;
  std::int32_t adapterSet_ = 0;  ///< of the last batch
};

}  // namespace glossa
