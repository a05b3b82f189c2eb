// A GBNF grammar, which is llama.cpp's notation, as rules that can be walked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace glossa {

/// A set of code points.
struct CharacterClass {
  std::vector<std::pair<std::uint32_t, std::uint32_t>> ranges;  ///< inclusive, ascending, apart
  bool negated = false;

  bool contains(std::uint32_t codePoint) const;
  /// Whether a code point of which `remaining` UTF-8 bytes are missing may turn out to be in the set.
  /// @param value bits of the bytes that are there, which begin well-formed UTF-8
  bool mayContain(std::uint32_t value, int remaining) const;

 private:
  bool meets(std::uint32_t low, std::uint32_t high) const;
};

enum class ElementKind : std::uint8_t { end, rule, characters, token, otherToken };

/// One symbol of an alternative; `value` is a rule, a class or a token id.
struct GrammarElement {
  ElementKind kind;
  std::uint32_t value;
};

struct GrammarRules {
  /// All alternatives of all rules, each closed by an `end`.
  std::vector<GrammarElement> elements;
  /// For each rule, where its alternatives start.
  std::vector<std::vector<std::uint32_t>> alternatives;
  std::vector<CharacterClass> classes;
  std::uint32_t root = 0;
};

/// Finds the token that `<text>` stands for; negative if it is not exactly one.
using TokenLookup = std::function<std::int32_t(const std::string&)>;

/// @throws std::runtime_error with one line that says what is wrong and on which line
GrammarRules parseGrammar(const std::string& text, const TokenLookup& lookup, std::size_t vocabularySize);

}  // namespace glossa
