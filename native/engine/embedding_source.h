// Where hidden states come from: a llama.cpp context, or a table in tests. Used by the scheduler thread only.
#pragma once

#include <cstdint>
#include <span>

#include "engine/logits_source.h"

namespace glossa {

/// Which hidden states of an input make its vector.
enum class Pooling {
  mean,  ///< all of them
  cls,   ///< the first token's
  last,  ///< the last token's
};

class EmbeddingSource {
 public:
  virtual ~EmbeddingSource() = default;

  /// Takes the memory that all other members need. For any thread, idempotent.
  /// @throws std::runtime_error with the reason if there is none
  virtual void prepare() = 0;
  /// Elements of a hidden state.
  virtual std::size_t width() const = 0;
  virtual Pooling pooling() const = 0;
  /// Tokens in one batch at most.
  virtual std::int32_t batchSize() const = 0;
  /// Inputs that can be in the cells at a time. They share contextSize() cells of the LogitsSource.
  virtual std::int32_t sequences() const = 0;

  /// @param batch all of one adapter set; `slot` is a number below sequences()
  virtual DecodeStatus decode(std::span<const BatchToken> batch, std::int32_t adapterSet) = 0;
  /// Of a token of the last batch, after the final norm; valid until the next decode.
  virtual std::span<const float> hiddenState(std::size_t batchIndex) = 0;
  virtual void removeCells(std::int32_t sequence) = 0;
  /// Drops all cells, so that the next ones lie as in a new context.
  virtual void clear() = 0;
};

}  // namespace glossa
