#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace glossa {

/// Texts that end a sequence, in UTF-8. A stop string is completed by the token with which it is certain to
/// be there, mostly that in whose bytes it ends (transformers' StopStringCriteria); it may begin in earlier
/// tokens, and the token may reach beyond it.
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

/// The end of a row's text, as much as matters to stop strings. Copied when beams fork.
class StopTail {
 public:
  StopTail() = default;
  /// @param context what a stop string may begin in: the end of the prompt, or nothing
  /// @param unfinished behind it: bytes that may become a code point
  StopTail(std::string context, std::string unfinished)
      : text_(std::move(context)), unfinished_(std::move(unfinished)) {}

  /// Whether a token with these bytes would complete a stop string.
  bool isCompletedBy(std::string_view piece, const StopStrings& strings) const;
  void push(std::string_view piece, const StopStrings& strings);

 private:
  std::string text_;
  std::string unfinished_;
};

}  // namespace glossa
