#include "llama/grammar_text.h"

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <utility>

namespace glossa {

void GrammarText::fail(const std::string& reason) const {
  const auto line =
      1 + std::count(text_.begin(),
                     text_.begin() + static_cast<std::ptrdiff_t>(std::min(position_, text_.size())), '\n');
  throw std::runtime_error("line " + std::to_string(line) + ": " + reason);
}

void GrammarText::expect(char wanted) {
  if (peek() != wanted) fail(std::string("expected '") + wanted + "'");
  ++position_;
}

void GrammarText::skipSpace(bool lines) {
  for (;;) {
    const char c = peek();
    if (c == '#') {
      while (position_ < text_.size() && peek() != '\r' && peek() != '\n') ++position_;
    } else if (c == ' ' || c == '\t' || (lines && (c == '\r' || c == '\n'))) {
      ++position_;
    } else {
      return;
    }
  }
}

bool GrammarText::isWord(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
}

std::string GrammarText::name() {
  const std::size_t start = position_;
  while (isWord(peek())) ++position_;
  if (position_ == start) fail("expected a rule's name");
  return text_.substr(start, position_ - start);
}

std::uint32_t GrammarText::number() {
  std::uint32_t value = 0;
  const char* start = text_.data() + position_;
  const auto [end, error] = std::from_chars(start, text_.data() + text_.size(), value);
  if (error != std::errc()) fail("expected a number");
  position_ += static_cast<std::size_t>(end - start);
  return value;
}

std::uint32_t GrammarText::hex(std::size_t digits) {
  std::uint32_t value = 0;
  const char* start = text_.data() + position_;
  const char* stop = start + std::min(digits, text_.size() - position_);
  const auto [end, error] = std::from_chars(start, stop, value, 16);
  if (error != std::errc() || end != start + digits) {
    fail("expected " + std::to_string(digits) + " hexadecimal digits");
  }
  position_ += digits;
  return value;
}

std::uint32_t GrammarText::escape() {
  const char c = peek();
  ++position_;
  switch (c) {
    case 'x':
      return hex(2);
    case 'u':
      return hex(4);
    case 'U':
      return hex(8);
    case 't':
      return '\t';
    case 'r':
      return '\r';
    case 'n':
      return '\n';
    case '\\':
    case '"':
    case '[':
    case ']':
    case '-':
      return static_cast<std::uint32_t>(c);
    default:
      fail("unknown escape");
  }
}

std::uint32_t GrammarText::character() {
  const std::uint32_t value = rawCharacter();
  if (value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) {
    fail("expected code points up to U+10FFFF that are no surrogates");
  }
  return value;
}

std::uint32_t GrammarText::rawCharacter() {
  if (position_ >= text_.size()) fail("unexpected end of the grammar");
  const auto first = static_cast<unsigned char>(text_[position_++]);
  if (first == '\\') return escape();
  if (first < 0x80) return first;
  const int more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1;
  std::uint32_t value = first & (0x3FU >> more);
  for (int i = 0; i < more; ++i) {
    value = (value << 6) | (static_cast<unsigned char>(peek()) & 0x3FU);
    if (position_ < text_.size()) ++position_;
  }
  return value;
}

std::string GrammarText::through(char last) {
  const std::size_t end = text_.find(last, position_);
  if (end == std::string::npos) fail(std::string("expected '") + last + "'");
  const std::size_t start = std::exchange(position_, end + 1);
  return text_.substr(start, position_ - start);
}

}  // namespace glossa
