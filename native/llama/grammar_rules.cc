#include "llama/grammar_rules.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <stdexcept>
#include <string_view>

namespace glossa {

namespace {

// src/generation/grammar.ts names these limits to clients, and lower ones; here they protect memory and
// stack.
constexpr int kDeepestGroup = 128;
constexpr std::uint32_t kMostRepetitions = 2000;
constexpr std::size_t kMostElements = 200'000;

using Alternative = std::vector<GrammarElement>;
using Ranges = std::vector<std::pair<std::uint32_t, std::uint32_t>>;

/// Ascending ranges that do not overlap. One that ends before it begins holds nothing and is left out.
Ranges merged(Ranges ranges) {
  std::sort(ranges.begin(), ranges.end());
  Ranges result;
  for (const auto& range : ranges) {
    if (range.first > range.second) continue;
    if (result.empty() || range.first > result.back().second) {
      result.push_back(range);
    } else {
      result.back().second = std::max(result.back().second, range.second);
    }
  }
  return result;
}

/// A parser by recursive descent over groups; everything else is loops.
class Parser {
 public:
  Parser(const std::string& text, const TokenLookup& lookup) : text_(text), lookup_(lookup) {}

  GrammarRules parse() {
    skipSpace(true);
    while (position_ < text_.size()) parseRule();
    return assemble();
  }

 private:
  [[noreturn]] void fail(const std::string& reason) const {
    const auto line =
        1 + std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(position_), '\n');
    throw std::runtime_error("line " + std::to_string(line) + ": " + reason);
  }

  char peek(std::size_t ahead = 0) const {
    return position_ + ahead < text_.size() ? text_[position_ + ahead] : '\0';
  }

  void expect(char wanted) {
    if (peek() != wanted) fail(std::string("expected '") + wanted + "'");
    ++position_;
  }

  /// Spaces and comments; line ends too where a rule may go on.
  void skipSpace(bool lines) {
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

  static bool isWord(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
  }

  std::string parseName() {
    const std::size_t start = position_;
    while (isWord(peek())) ++position_;
    if (position_ == start) fail("expected a rule's name");
    return text_.substr(start, position_ - start);
  }

  std::uint32_t parseNumber() {
    std::uint32_t value = 0;
    const char* start = text_.data() + position_;
    const auto [end, error] = std::from_chars(start, text_.data() + text_.size(), value);
    if (error != std::errc()) fail("expected a number");
    position_ += static_cast<std::size_t>(end - start);
    return value;
  }

  std::uint32_t parseHex(std::size_t digits) {
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

  std::uint32_t parseEscape() {
    const char c = peek();
    ++position_;
    switch (c) {
      case 'x':
        return parseHex(2);
      case 'u':
        return parseHex(4);
      case 'U':
        return parseHex(8);
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

  /// One code point, written as it is or escaped. The text is valid UTF-8: it was a JavaScript string.
  std::uint32_t parseCharacter() {
    if (position_ >= text_.size()) fail("unexpected end of the grammar");
    const auto first = static_cast<unsigned char>(text_[position_++]);
    if (first == '\\') return parseEscape();
    if (first < 0x80) return first;
    const int more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1;
    std::uint32_t value = first & (0x3FU >> more);
    for (int i = 0; i < more; ++i) {
      value = (value << 6) | (static_cast<unsigned char>(peek()) & 0x3FU);
      if (position_ < text_.size()) ++position_;
    }
    return value;
  }

  std::uint32_t addClass(CharacterClass characters) {
    characters.ranges = merged(std::move(characters.ranges));
    classes_.push_back(std::move(characters));
    return static_cast<std::uint32_t>(classes_.size() - 1);
  }

  std::uint32_t ruleOf(const std::string& name) {
    const auto [entry, inserted] = names_.try_emplace(name, static_cast<std::uint32_t>(rules_.size()));
    if (inserted) rules_.emplace_back();
    return entry->second;
  }

  std::uint32_t newRule() {
    rules_.emplace_back(std::vector<Alternative>());
    return static_cast<std::uint32_t>(rules_.size() - 1);
  }

  void push(Alternative& alternative, const GrammarElement& element) {
    if (++elements_ > kMostElements) {
      fail("expected at most " + std::to_string(kMostElements) +
           " symbols after repetitions are written out");
    }
    alternative.push_back(element);
  }

  void parseRule() {
    const std::string name = parseName();
    skipSpace(false);
    for (const char c : std::string_view("::=")) expect(c);
    skipSpace(true);
    const std::uint32_t rule = ruleOf(name);
    rules_[rule] = parseAlternatives(0);
    if (position_ < text_.size() && peek() != '\r' && peek() != '\n') fail("expected the end of the line");
    skipSpace(true);
  }

  std::vector<Alternative> parseAlternatives(int depth) {
    if (depth > kDeepestGroup) fail("parentheses are nested too deep");
    std::vector<Alternative> alternatives{parseSequence(depth)};
    while (peek() == '|') {
      ++position_;
      skipSpace(true);
      alternatives.push_back(parseSequence(depth));
    }
    return alternatives;
  }

  Alternative parseSequence(int depth) {
    Alternative alternative;
    std::size_t item = 0;  // where the last item starts, which a repetition is about
    for (;; skipSpace(depth > 0)) {
      const std::size_t size = alternative.size();
      if (parseItem(alternative, depth)) {
        item = size;
      } else if (const auto times = parseRepetition(depth)) {
        if (item == alternative.size()) fail("expected something to repeat before a repetition");
        repeat(alternative, item, times->first, times->second);
      } else {
        return alternative;
      }
    }
  }

  /// What a sequence is made of; false if there is nothing of that kind here.
  bool parseItem(Alternative& alternative, int depth) {
    const char c = peek();
    if (c == '"') {
      parseLiteral(alternative);
    } else if (c == '[') {
      parseClass(alternative);
    } else if (c == '.') {
      ++position_;
      push(alternative, {ElementKind::characters, addClass({{{0, UINT32_MAX}}, false})});
    } else if (c == '<' || c == '!') {
      parseToken(alternative);
    } else if (c == '(') {
      ++position_;
      skipSpace(true);
      auto group = parseAlternatives(depth + 1);
      expect(')');
      const std::uint32_t rule = newRule();
      rules_[rule] = std::move(group);
      push(alternative, {ElementKind::rule, rule});
    } else if (isWord(c)) {
      push(alternative, {ElementKind::rule, ruleOf(parseName())});
    } else {
      return false;
    }
    return true;
  }

  void parseLiteral(Alternative& alternative) {
    ++position_;
    while (peek() != '"') {
      const std::uint32_t c = parseCharacter();
      push(alternative, {ElementKind::characters, addClass({{{c, c}}, false})});
    }
    ++position_;
  }

  void parseClass(Alternative& alternative) {
    ++position_;
    CharacterClass characters;
    characters.negated = peek() == '^';
    if (characters.negated) ++position_;
    while (peek() != ']') {
      const std::uint32_t low = parseCharacter();
      std::uint32_t high = low;
      if (peek() == '-' && peek(1) != ']') {
        ++position_;
        high = parseCharacter();
      }
      characters.ranges.emplace_back(low, high);
    }
    ++position_;
    // llama.cpp takes an empty class for nothing at all, not for a class that nothing is in.
    if (characters.ranges.empty()) return;
    push(alternative, {ElementKind::characters, addClass(std::move(characters))});
  }

  void parseToken(Alternative& alternative) {
    const bool other = peek() == '!';
    if (other) ++position_;
    const std::size_t start = position_;
    expect('<');
    std::int32_t token = -1;
    if (peek() == '[') {
      ++position_;
      const std::uint32_t id = parseNumber();
      expect(']');
      expect('>');
      // No vocabulary is that large, so such an id matches nothing, like every other that does not exist.
      token = static_cast<std::int32_t>(std::min<std::uint32_t>(id, INT32_MAX));
    } else {
      const std::size_t end = text_.find('>', position_);
      if (end == std::string::npos) fail("expected '>'");
      position_ = end + 1;
      token = lookup_(text_.substr(start, position_ - start));
      if (token < 0) fail("expected the text of exactly one token between < and >");
    }
    push(alternative,
         {other ? ElementKind::otherToken : ElementKind::token, static_cast<std::uint32_t>(token)});
  }

  /// At least and at most how many times; no maximum is UINT32_MAX.
  std::optional<std::pair<std::uint32_t, std::uint32_t>> parseRepetition(int depth) {
    const char c = peek();
    if (c != '*' && c != '+' && c != '?' && c != '{') return std::nullopt;
    ++position_;
    if (c == '*') return {{0, UINT32_MAX}};
    if (c == '+') return {{1, UINT32_MAX}};
    if (c == '?') return {{0, 1}};
    const bool lines = depth > 0;
    skipSpace(lines);
    const std::uint32_t least = parseNumber();
    std::uint32_t most = least;
    skipSpace(lines);
    if (peek() == ',') {
      ++position_;
      skipSpace(lines);
      most = peek() == '}' ? UINT32_MAX : parseNumber();
      skipSpace(lines);
    }
    expect('}');
    if (least > kMostRepetitions || (most != UINT32_MAX && most > kMostRepetitions)) {
      fail("expected repetitions of at most " + std::to_string(kMostRepetitions));
    }
    if (most < least) fail("expected a maximum of repetitions that is not below the minimum");
    return {{least, most}};
  }

  /// Replaces an item by what repeats it: x{2,} is x x R with R = x R | nothing, and x{2,4} is x x A with
  /// A = x B | nothing, B = x | nothing.
  void repeat(Alternative& alternative, std::size_t item, std::uint32_t least, std::uint32_t most) {
    const Alternative once(alternative.begin() + static_cast<std::ptrdiff_t>(item), alternative.end());
    alternative.resize(item);
    const auto append = [&](Alternative& to) {
      for (const GrammarElement& element : once) push(to, element);
    };
    for (std::uint32_t i = 0; i < least; ++i) append(alternative);
    const bool endless = most == UINT32_MAX;
    std::optional<std::uint32_t> last;
    for (std::uint32_t i = 0; i < (endless ? 1 : most - least); ++i) {
      const std::uint32_t rule = newRule();
      Alternative again;
      append(again);
      if (endless || last) push(again, {ElementKind::rule, endless ? rule : *last});
      rules_[rule] = {std::move(again), {}};
      last = rule;
    }
    if (last) push(alternative, {ElementKind::rule, *last});
  }

  GrammarRules assemble() {
    GrammarRules result;
    const auto root = names_.find("root");
    if (root == names_.end()) throw std::runtime_error("expected a rule named root");
    for (const auto& [name, rule] : names_) {
      if (!rules_[rule]) throw std::runtime_error("the rule " + name + " is not defined");
    }
    result.root = root->second;
    for (const auto& rule : rules_) {
      auto& starts = result.alternatives.emplace_back();
      for (const Alternative& alternative : *rule) {
        starts.push_back(static_cast<std::uint32_t>(result.elements.size()));
        result.elements.insert(result.elements.end(), alternative.begin(), alternative.end());
        result.elements.push_back({ElementKind::end, 0});
      }
    }
    result.classes = std::move(classes_);
    return result;
  }

  const std::string& text_;
  const TokenLookup& lookup_;
  std::size_t position_ = 0;
  std::size_t elements_ = 0;
  std::map<std::string, std::uint32_t> names_;
  std::vector<std::optional<std::vector<Alternative>>> rules_;
  std::vector<CharacterClass> classes_;
};

}  // namespace

bool CharacterClass::contains(std::uint32_t codePoint) const {
  return meets(codePoint, codePoint) != negated;
}

bool CharacterClass::meets(std::uint32_t low, std::uint32_t high) const {
  const auto range = std::partition_point(ranges.begin(), ranges.end(),
                                          [low](const auto& each) { return each.second < low; });
  return range != ranges.end() && range->first <= high;
}

// As llama.cpp decides it: a negated class refuses a beginning that one of its own characters has too, though
// others may have it. [^é] so refuses the lone first byte of é, but not a token that is all of è.
bool CharacterClass::mayContain(std::uint32_t value, int remaining) const {
  if (remaining == 1 && value < 2) return false;  // overlong
  const int bits = remaining * 6;
  std::uint32_t low = value << bits;
  const std::uint32_t high = low | ((1U << bits) - 1);
  if (low == 0 && remaining >= 2) low = remaining == 2 ? 1U << 11 : 1U << 16;
  return meets(low, high) != negated;
}

GrammarRules parseGrammar(const std::string& text, const TokenLookup& lookup) {
  return Parser(text, lookup).parse();
}

}  // namespace glossa
