#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace glossa {

/// Texts that end a sequence, in bytes. A stop string is completed by the token in whose bytes it ends
/// (transformers' StopStringCriteria); it may begin in earlier tokens, and the token may reach beyond it.
class StopStrings {
 public:
  explicit StopStrings(std::vector<std::string> strings);

  bool isEmpty() const { return strings_.empty(); }
  /// How many of the last bytes of a text can belong to a stop string that is not complete yet.
  std::size_t reach() const { return reach_; }
  /// Where the earliest stop string starts that ends behind `from`; npos if none does.
  std::size_t find(std::string_view text, std::size_t from) const;
  /// Length of the longest tail of a text that is the beginning of a stop string.
  std::size_t unfinishedLength(std::string_view text) const;

 private:
  std::vector<std::string> strings_;
  std::size_t reach_ = 0;
};

/// The last bytes of a row, as many as matter to stop strings. Copied when beams fork.
class StopTail {
 public:
  StopTail() = default;
  /// @param context what a stop string may begin in: the end of the prompt, or nothing
  explicit StopTail(std::string context) : bytes_(std::move(context)) {}

  /// Whether a token with these bytes would complete a stop string.
  bool isCompletedBy(std::string_view piece, const StopStrings& strings) const;
  void push(std::string_view piece, const StopStrings& strings);

 private:
  std::string bytes_;
};

}  // namespace glossa
