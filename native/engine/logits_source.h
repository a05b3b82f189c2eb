// Where logits come from: a llama.cpp context, or a table in tests. Used by the scheduler thread only.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace glossa {

/// One token of a batch. Positions of a sequence are consecutive; its earlier ones are in the KV cache
/// already.
struct BatchToken {
  std::int32_t token;
  std::int32_t position;
  std::int32_t slot;  ///< which of the source's sequences, see SlotGroup
  bool wantsLogits;
};

enum class DecodeStatus {
  ok,
  full,     ///< no KV cells for this batch; nothing has changed, a smaller batch or fewer cells in use may do
  aborted,  ///< requestAbort() was called
  failed,   ///< the backend failed; the sequences of the batch are lost
};

class EmbeddingSource;

enum class SlotKind {
  stream,  ///< a sequence on its own
  beam,    ///< one of a search's beams, which share most of their cells
};

/// The slots of one kind, numbered from `first`, and the cells they live on.
struct SlotGroup {
  std::int32_t first = 0;
  std::int32_t count = 0;
  std::int32_t pool = 0;   ///< groups with the same number draw on the same cells
  std::int64_t cells = 0;  ///< of the whole pool
  bool shared = false;     ///< its slots draw on the pool together; otherwise each has contextSize() cells
};

class LogitsSource {
 public:
  virtual ~LogitsSource() = default;

  virtual std::size_t vocabularySize() const = 0;
  /// Bytes that a token adds to a text; empty for control tokens.
  virtual std::string_view piece(std::int32_t token) const = 0;
  /// Where sequences of a kind live. Kinds do not share slots, but they may share cells.
  virtual SlotGroup slotGroup(SlotKind kind) const = 0;
  /// Makes the cells of beam slots usable. Needed before the first of them is; for any thread, idempotent.
  /// @throws std::runtime_error with the reason if there is no memory for them
  virtual void prepareBeams() = 0;
  /// Hidden states of the same model, in cells of their own.
  virtual EmbeddingSource& embeddings() = 0;
  /// Tokens that one sequence can hold.
  virtual std::int32_t contextSize() const = 0;
  /// Tokens in one batch at most.
  virtual std::int32_t batchSize() const = 0;
  /// Sets of LoRA adapters that a batch can be decoded with, at least one; any of them may hold none.
  virtual std::int32_t adapterSets() const = 0;

  /// @param adapterSet 0 to adapterSets() - 1. Cells made with one set mean nothing to another.
  virtual DecodeStatus decode(std::span<const BatchToken> batch, std::int32_t adapterSet) = 0;
  /// Logits of a token of the last decoded batch that wanted them; valid until the next decode.
  virtual std::span<const float> logits(std::size_t batchIndex) = 0;
  /// Makes a running or future decode() return aborted. For any thread.
  virtual void requestAbort() = 0;

  /// Drops a slot's cells from a position on. False if this model can't drop a part (recurrent state).
  virtual bool removeCells(std::int32_t slot, std::int32_t fromPosition) = 0;
  /// Makes the first `tokens` cells of one slot the content of another, empty one.
  virtual bool copyCells(std::int32_t from, std::int32_t to, std::int32_t tokens) = 0;

  /// Bytes that saveCells() would give.
  virtual std::size_t stateBytes(std::int32_t slot) = 0;
  /// Copies a slot's cells to host memory; empty if that is impossible.
  virtual std::vector<std::uint8_t> saveCells(std::int32_t slot) = 0;
  /// Fills an empty slot with what saveCells() gave. False leaves the slot empty.
  virtual bool restoreCells(std::int32_t slot, std::span<const std::uint8_t> state) = 0;
};

}  // namespace glossa
