#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "decoding/row_constraint.h"

namespace glossa {

/// Ids with how often each occurs and where it did last. Open addressing over densely stored entries: a copy
/// is two copies of memory as large as the number of distinct ids.
class TokenTable {
 public:
  struct Entry {
    std::int32_t token;
    std::int32_t count;
    std::int32_t lastPosition;
  };

  /// Null for an id that does not occur.
  const Entry* find(std::int32_t token) const;
  /// Notes an occurrence. Returns the position of the one before it, -1 if there is none.
  std::int32_t add(std::int32_t token, std::int32_t position);
  /// One for each distinct id, in order of first occurrence.
  std::span<const Entry> entries() const { return entries_; }

 private:
  std::size_t slotFor(std::int32_t token) const;
  void grow();

  std::vector<Entry> entries_;
  std::vector<std::int32_t> slots_;  ///< indices of entries, -1 is free; a power of two, at most half in use
};

/// The ids of one row, prompt and generated, with what processors ask about them kept up to date per token.
///
/// A fork shares what is known of the prompt with its original; of the prompt it copies only the ids
/// themselves, because a row is one piece.
class TokenHistory {
 public:
  TokenHistory() : TokenHistory({}, 0) {}
  /// @param vocabularySize all ids are below it
  /// @param constraint the state of a grammar before the first generated token; null for none
  TokenHistory(std::span<const std::int32_t> prompt, std::size_t vocabularySize,
               std::unique_ptr<RowConstraint> constraint = nullptr);
  /// A fork: both go on independently.
  TokenHistory(const TokenHistory& other);
  TokenHistory(TokenHistory&&) = default;
  /// Becomes a fork in the memory that is there already.
  TokenHistory& operator=(const TokenHistory& other);
  TokenHistory& operator=(TokenHistory&&) = default;
  ~TokenHistory() = default;

  /// Appends a generated token.
  void append(std::int32_t token);

  std::span<const std::int32_t> ids() const { return ids_; }
  std::size_t size() const { return ids_.size(); }
  std::int32_t back() const { return ids_.back(); }
  std::size_t promptSize() const { return promptSize_; }
  std::size_t generated() const { return ids_.size() - promptSize_; }
  /// The grammar that the generated part obeys; null for none.
  const RowConstraint* constraint() const { return constraint_.get(); }

  /// Every id that occurs, once, in order of first occurrence.
  std::span<const std::int32_t> distinct() const { return distinct_; }
  /// Every id of the prompt, once.
  std::span<const std::int32_t> distinctInPrompt() const {
    return std::span(distinct_).first(prompt_->table.entries().size());
  }
  /// Every id of the generated part, once, with its count there.
  std::span<const TokenTable::Entry> generatedTokens() const { return generated_.entries(); }

  /// Where the id at `position` occurred before that; -1 if it did not.
  std::int32_t previousOccurrence(std::size_t position) const {
    return position < promptSize_ ? prompt_->previous[position] : previous_[position - promptSize_];
  }
  /// Last position of an id in the prompt; -1 if it is not there.
  std::int32_t lastInPrompt(std::int32_t token) const;

 private:
  struct Prompt {
    TokenTable table;
    std::vector<std::int32_t> previous;
  };

  std::size_t promptSize_ = 0;
  std::shared_ptr<const Prompt> prompt_;
  std::vector<std::int32_t> ids_;
  std::vector<std::int32_t> distinct_;
  TokenTable generated_;
  std::vector<std::int32_t> previous_;  ///< of each generated token: previousOccurrence
  std::unique_ptr<RowConstraint> constraint_;
};

}  // namespace glossa
