#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "decoding/row_constraint.h"

namespace glossa {

/// The ids of one row, prompt and generated, with what processors ask about them kept up to date per token.
class TokenHistory {
 public:
  TokenHistory() = default;
  /// @param constraint the state of a grammar before the first generated token; null for none
  TokenHistory(std::span<const std::int32_t> prompt, std::size_t vocabularySize,
               std::unique_ptr<RowConstraint> constraint = nullptr)
      : promptSize_(prompt.size()), seen_(vocabularySize, false) {
    for (const std::int32_t token : prompt) append(token);
    constraint_ = std::move(constraint);
  }
  /// A fork: both go on independently.
  TokenHistory(const TokenHistory& other)
      : promptSize_(other.promptSize_),
        ids_(other.ids_),
        distinct_(other.distinct_),
        seen_(other.seen_),
        constraint_(other.constraint_ ? other.constraint_->clone() : nullptr) {}
  TokenHistory(TokenHistory&&) = default;
  TokenHistory& operator=(const TokenHistory& other) {
    if (this != &other) *this = TokenHistory(other);
    return *this;
  }
  TokenHistory& operator=(TokenHistory&&) = default;
  ~TokenHistory() = default;

  void append(std::int32_t token) {
    if (constraint_) constraint_->accept(token);
    ids_.push_back(token);
    const auto index = static_cast<std::size_t>(token);
    if (index >= seen_.size() || seen_[index]) return;
    seen_[index] = true;
    distinct_.push_back(token);
  }

  std::span<const std::int32_t> ids() const { return ids_; }
  std::size_t size() const { return ids_.size(); }
  std::int32_t back() const { return ids_.back(); }
  std::size_t promptSize() const { return promptSize_; }
  std::size_t generated() const { return ids_.size() - promptSize_; }
  /// The grammar that the generated part obeys; null for none.
  const RowConstraint* constraint() const { return constraint_.get(); }
  /// Every id that occurs, once, in order of first occurrence.
  std::span<const std::int32_t> distinct() const { return distinct_; }

 private:
  std::size_t promptSize_ = 0;
  std::vector<std::int32_t> ids_;
  std::vector<std::int32_t> distinct_;
  std::vector<bool> seen_;
  std::unique_ptr<RowConstraint> constraint_;
};

}  // namespace glossa
