#include "llama/grammar_rules.h"

#include <algorithm>
#include <map>
#include <optional>
#include <stdexcept>
#include <string_view>

#include "llama/grammar_text.h"

namespace glossa {

namespace {

// src/generation/grammar.ts names these limits to clients, and lower ones; here they protect memory and
// stack.
constexpr int kDeepestGroup = 128;
constexpr std::uint32_t kMostRepetitions = 2000;
constexpr std::size_t kMostElements = 200'000;

using Alternative = std::vector<GrammarElement>;
using Ranges = std::vector<std::pair<std::uint32_t, std::uint32_t>>;

/// Ascending ranges that do not overlap.
Ranges merged(Ranges ranges) {
  std::sort(ranges.begin(), ranges.end());
  Ranges result;
  for (const auto& range : ranges) {
    if (result.empty() || range.first > result.back().second) {
      result.push_back(range);
    } else {
      result.back().second = std::max(result.back().second, range.second);
    }
  }
  return result;
}

/// Whether no character is in a class that a text can have: neither U+0000 nor a surrogate counts.
bool isEmpty(const CharacterClass& characters) {
  const Ranges& ranges = characters.ranges;
  if (!characters.negated) return ranges.empty() || ranges.back().second == 0;
  std::uint32_t next = 1;
  for (const auto& [low, high] : ranges) {
    if (low > next && (next < 0xD800 || low > 0xE000)) return false;
    next = std::max(next, high + 1);
  }
  return next > 0x10FFFF;
}

/// A parser by recursive descent over groups; everything else is loops.
class Parser {
 public:
  Parser(const std::string& text, const TokenLookup& lookup, std::size_t vocabularySize)
      : text_(text), lookup_(lookup), vocabularySize_(vocabularySize) {}

  GrammarRules parse() {
    text_.skipSpace(true);
    while (!text_.isAtEnd()) parseRule();
    return assemble();
  }

 private:
  std::uint32_t addClass(CharacterClass characters) {
    characters.ranges = merged(std::move(characters.ranges));
    if (isEmpty(characters)) text_.fail("expected a class that some character of a text is in");
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
      text_.fail("expected at most " + std::to_string(kMostElements) +
                 " symbols after repetitions are written out");
    }
    alternative.push_back(element);
  }

  void parseRule() {
    const std::string name = text_.name();
    text_.skipSpace(false);
    for (const char c : std::string_view("::=")) text_.expect(c);
    text_.skipSpace(true);
    const std::uint32_t rule = ruleOf(name);
    rules_[rule] = parseAlternatives(0);
    if (!text_.isAtEnd() && text_.peek() != '\r' && text_.peek() != '\n')
      text_.fail("expected the end of the line");
    text_.skipSpace(true);
  }

  std::vector<Alternative> parseAlternatives(int depth) {
    if (depth > kDeepestGroup) text_.fail("parentheses are nested too deep");
    std::vector<Alternative> alternatives{parseSequence(depth)};
    while (text_.peek() == '|') {
      text_.skip();
      text_.skipSpace(true);
      alternatives.push_back(parseSequence(depth));
    }
    return alternatives;
  }

  Alternative parseSequence(int depth) {
    Alternative alternative;
    std::size_t item = 0;  // where the last item starts, which a repetition is about
    for (;; text_.skipSpace(depth > 0)) {
      const std::size_t size = alternative.size();
      if (parseItem(alternative, depth)) {
        item = size;
      } else if (const auto times = parseRepetition(depth)) {
        if (item == alternative.size()) text_.fail("expected something to repeat before a repetition");
        repeat(alternative, item, times->first, times->second);
      } else {
        return alternative;
      }
    }
  }

  /// What a sequence is made of; false if there is nothing of that kind here.
  bool parseItem(Alternative& alternative, int depth) {
    const char c = text_.peek();
    if (c == '"') {
      parseLiteral(alternative);
    } else if (c == '[') {
      parseClass(alternative);
    } else if (c == '.') {
      text_.skip();
      push(alternative, {ElementKind::characters, addClass({{{0, UINT32_MAX}}, false})});
    } else if (c == '<' || c == '!') {
      parseToken(alternative);
    } else if (c == '(') {
      text_.skip();
      text_.skipSpace(true);
      auto group = parseAlternatives(depth + 1);
      text_.expect(')');
      const std::uint32_t rule = newRule();
      rules_[rule] = std::move(group);
      push(alternative, {ElementKind::rule, rule});
    } else if (GrammarText::isWord(c)) {
      push(alternative, {ElementKind::rule, ruleOf(text_.name())});
    } else {
      return false;
    }
    return true;
  }

  void parseLiteral(Alternative& alternative) {
    text_.skip();
    while (text_.peek() != '"') {
      const std::uint32_t c = text_.character();
      if (c == 0) text_.fail("expected a text without U+0000, which no token holds");
      push(alternative, {ElementKind::characters, addClass({{{c, c}}, false})});
    }
    text_.skip();
  }

  void parseClass(Alternative& alternative) {
    text_.skip();
    CharacterClass characters;
    characters.negated = text_.peek() == '^';
    if (characters.negated) text_.skip();
    while (text_.peek() != ']') {
      const std::uint32_t low = text_.character();
      std::uint32_t high = low;
      if (text_.peek() == '-' && text_.peek(1) != ']') {
        text_.skip();
        high = text_.character();
      }
      if (high < low) text_.fail("expected the ends of a range in ascending order");
      characters.ranges.emplace_back(low, high);
    }
    text_.skip();
    // llama.cpp takes an empty class for nothing at all, not for a class that nothing is in.
    if (characters.ranges.empty()) return;
    push(alternative, {ElementKind::characters, addClass(std::move(characters))});
  }

  void parseToken(Alternative& alternative) {
    const bool other = text_.peek() == '!';
    if (other) text_.skip();
    text_.expect('<');
    std::int32_t token = -1;
    if (text_.peek() == '[') {
      text_.skip();
      const std::uint32_t id = text_.number();
      text_.expect(']');
      text_.expect('>');
      if (id >= vocabularySize_) {
        text_.fail("expected token ids below " + std::to_string(vocabularySize_) + ", received " +
                   std::to_string(id));
      }
      token = static_cast<std::int32_t>(id);
    } else {
      token = lookup_('<' + text_.through('>'));
      if (token < 0) text_.fail("expected the text of exactly one token between < and >");
    }
    push(alternative,
         {other ? ElementKind::otherToken : ElementKind::token, static_cast<std::uint32_t>(token)});
  }

  /// At least and at most how many times; no maximum is UINT32_MAX.
  std::optional<std::pair<std::uint32_t, std::uint32_t>> parseRepetition(int depth) {
    const char c = text_.peek();
    if (c != '*' && c != '+' && c != '?' && c != '{') return std::nullopt;
    text_.skip();
    if (c == '*') return {{0, UINT32_MAX}};
    if (c == '+') return {{1, UINT32_MAX}};
    if (c == '?') return {{0, 1}};
    const bool lines = depth > 0;
    text_.skipSpace(lines);
    const std::uint32_t least = text_.number();
    std::uint32_t most = least;
    text_.skipSpace(lines);
    if (text_.peek() == ',') {
      text_.skip();
      text_.skipSpace(lines);
      most = text_.peek() == '}' ? UINT32_MAX : text_.number();
      text_.skipSpace(lines);
    }
    text_.expect('}');
    if (least > kMostRepetitions || (most != UINT32_MAX && most > kMostRepetitions)) {
      text_.fail("expected repetitions of at most " + std::to_string(kMostRepetitions));
    }
    if (most < least) text_.fail("expected a maximum of repetitions that is not below the minimum");
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

  GrammarText text_;
  const TokenLookup& lookup_;
  const std::size_t vocabularySize_;
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
  const int bits = remaining * 6;
  std::uint32_t low = value << bits;
  const std::uint32_t high = low | ((1U << bits) - 1);
  if (low == 0) low = remaining == 2 ? 1U << 11 : 1U << 16;  // below that it would be overlong
  return meets(low, high) != negated;
}

GrammarRules parseGrammar(const std::string& text, const TokenLookup& lookup, std::size_t vocabularySize) {
  return Parser(text, lookup, vocabularySize).parse();
}

}  // namespace glossa
