#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace glossa {

/// The ids of one row, prompt and generated, with what processors ask about them kept up to date per token.
class TokenHistory {
 public:
  TokenHistory() = default;
  TokenHistory(std::span<const std::int32_t> prompt, std::size_t vocabularySize)
      : seen_(vocabularySize, false) {
    for (const std::int32_t token : prompt) append(token);
  }

  void append(std::int32_t token) {
    ids_.push_back(token);
    const auto index = static_cast<std::size_t>(token);
    if (index >= seen_.size() || seen_[index]) return;
    seen_[index] = true;
    distinct_.push_back(token);
  }

  std::span<const std::int32_t> ids() const { return ids_; }
  std::size_t size() const { return ids_.size(); }
  std::int32_t back() const { return ids_.back(); }
  /// Every id that occurs, once, in order of first occurrence.
  std::span<const std::int32_t> distinct() const { return distinct_; }

 private:
  std::vector<std::int32_t> ids_;
  std::vector<std::int32_t> distinct_;
  std::vector<bool> seen_;
};

}  // namespace glossa
