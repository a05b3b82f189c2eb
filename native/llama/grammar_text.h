// The smallest parts of a GBNF text: names, numbers, characters, space.
#pragma once

#include <cstdint>
#include <string>

namespace glossa {

/// A grammar's text and how far it has been read. Every failure is a std::runtime_error with the line.
class GrammarText {
 public:
  /// @param text outlives this; valid UTF-8: it was a JavaScript string
  explicit GrammarText(const std::string& text) : text_(text) {}

  [[noreturn]] void fail(const std::string& reason) const;
  bool isAtEnd() const { return position_ >= text_.size(); }
  /// A byte; NUL beyond the end.
  char peek(std::size_t ahead = 0) const {
    return position_ + ahead < text_.size() ? text_[position_ + ahead] : '\0';
  }
  void skip() { ++position_; }
  void expect(char wanted);
  /// Spaces and comments; line ends too where a rule may go on.
  void skipSpace(bool lines);
  static bool isWord(char c);
  std::string name();
  std::uint32_t number();
  /// One code point, written as it is or escaped; not a surrogate.
  std::uint32_t character();
  /// What is left up to and with `last`.
  std::string through(char last);

 private:
  std::uint32_t rawCharacter();
  std::uint32_t escape();
  std::uint32_t hex(std::size_t digits);

  const std::string& text_;
  std::size_t position_ = 0;
};

}  // namespace glossa
