#include "llama/grammar_machine.h"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "decoding/row_constraint.h"

namespace glossa {

namespace {

/// What one operation may take, in looks at a stack, some 5 ns each: about 2 ms. Ordinary grammars need
/// thousands; a choice among thousands of words needs much of it.
constexpr std::size_t kMostWork = 400'000;
constexpr std::size_t kWorkOfExpansion = 4;
constexpr std::size_t kMostStacksOfState = 10'000;

}  // namespace

GrammarMachine::GrammarMachine(GrammarRules rules, std::shared_ptr<const GrammarVocabulary> vocabulary)
    : rules_(std::move(rules)), vocabulary_(std::move(vocabulary)), path_(vocabulary_->deepest() + 1) {
  for (const CharacterClass& characters : rules_.classes) {
    for (const auto& [first, last] : characters.ranges) {
      boundaries_.push_back(first);
      boundaries_.push_back(last + 1);  // 0 after the last number of all: a boundary that tells nothing apart
    }
  }
  std::sort(boundaries_.begin(), boundaries_.end());
  boundaries_.erase(std::unique(boundaries_.begin(), boundaries_.end()), boundaries_.end());
  forget();
  std::vector<std::uint32_t> stacks;
  ++expansion_;
  for (const std::uint32_t element : rules_.alternatives[rules_.root]) {
    expand(rules_.elements[element].kind == ElementKind::end ? kEmptyStack : stackOf(element, kEmptyStack),
           stacks);
  }
  start_.state = stateOf(std::move(stacks));
  keep(&start_);
}

void GrammarMachine::work(std::size_t amount, std::size_t stacksOfState) {
  work_ += amount;
  if (work_ > kMostWork) {
    throw ConstraintError(
        "the grammar is left-recursive or too ambiguous: what may come next takes too long to find");
  }
  if (stacksOfState < kMostStacksOfState) return;
  throw ConstraintError("the grammar is left-recursive or too ambiguous: there are more than " +
                        std::to_string(kMostStacksOfState) + " ways to go on");
}

/// The stack once its top has been read.
std::uint32_t GrammarMachine::after(std::uint32_t stack) {
  const auto [element, below, unused] = stacks_[stack];
  return rules_.elements[element + 1].kind == ElementKind::end ? below : stackOf(element + 1, below);
}

/// Adds the stacks that a stack stands for, of which each has a character or a token on top or is empty.
/// Skips what this expansion (a value of `expansion_`) has met already.
void GrammarMachine::expand(std::uint32_t stack, std::vector<std::uint32_t>& into) {
  pending_.assign(1, stack);
  while (!pending_.empty()) {
    const std::uint32_t current = pending_.back();
    pending_.pop_back();
    if (visited_[current] == expansion_) continue;
    visited_[current] = expansion_;
    work(kWorkOfExpansion, into.size());
    const GrammarElement element = rules_.elements[stacks_[current].element];
    if (current == kEmptyStack || element.kind != ElementKind::rule) {
      into.push_back(current);
      continue;
    }
    if (stacks_[current].choices == kUnknown) addChoices(current);
    const auto first = choices_.begin() + stacks_[current].choices;
    pending_.insert(pending_.end(), first,
                    first + static_cast<std::ptrdiff_t>(rules_.alternatives[element.value].size()));
  }
}

/// Finds what a stack with a rule on top stands for: each alternative above what comes after the rule.
void GrammarMachine::addChoices(std::uint32_t stack) {
  const std::uint32_t rule = rules_.elements[stacks_[stack].element].value;
  const std::uint32_t rest = after(stack);
  stacks_[stack].choices = static_cast<std::uint32_t>(choices_.size());
  for (const std::uint32_t alternative : rules_.alternatives[rule]) {
    const bool empty = rules_.elements[alternative].kind == ElementKind::end;
    choices_.push_back(empty ? rest : stackOf(alternative, rest));
  }
}

std::uint32_t GrammarMachine::next(std::uint32_t state, std::uint32_t codePoint) {
  if (codePoint >= 128) return nextOfKind(state, codePoint);
  if (!states_[state].ascii) {
    states_[state].ascii = std::make_unique<std::array<std::uint32_t, 128>>();
    states_[state].ascii->fill(kUnknown);
  }
  const std::uint32_t known = (*states_[state].ascii)[codePoint];
  if (known != kUnknown) return known;
  const std::uint32_t result = nextOfKind(state, codePoint);
  (*states_[state].ascii)[codePoint] = result;
  return result;
}

/// Code points between which no class tells apart lead to the same place.
std::uint32_t GrammarMachine::nextOfKind(std::uint32_t state, std::uint32_t codePoint) {
  const auto kind = static_cast<std::uint32_t>(
      std::upper_bound(boundaries_.begin(), boundaries_.end(), codePoint) - boundaries_.begin());
  const auto known = states_[state].kinds.find(kind);
  if (known != states_[state].kinds.end()) return known->second;
  const std::uint32_t result = computeNext(state, codePoint);
  states_[state].kinds.emplace(kind, result);
  return result;
}

std::uint32_t GrammarMachine::computeNext(std::uint32_t state, std::uint32_t codePoint) {
  std::vector<std::uint32_t> stacks;
  ++expansion_;
  for (std::size_t i = 0; i < states_[state].stacks.size(); ++i) {
    const std::uint32_t stack = states_[state].stacks[i];
    work(1, 0);
    if (stack == kEmptyStack) continue;
    const GrammarElement element = rules_.elements[stacks_[stack].element];
    if (element.kind != ElementKind::characters) continue;
    if (rules_.classes[element.value].contains(codePoint)) expand(after(stack), stacks);
  }
  return stateOf(std::move(stacks));
}

namespace {

/// Whether well-formed UTF-8 (Unicode 15, table 3-7) can begin a code point with these two bytes or three: no
/// overlong form, no surrogate, nothing above U+10FFFF.
bool isWellFormed(const PartialCharacter& partial) {
  // Three bytes of four come after two that were good, so they give 0x400 or more and pass.
  if (partial.remaining == 1) return partial.value >= 0x20 && (partial.value >> 5) != 0x1B;
  return partial.value >= 0x10 && partial.value < 0x110;
}

}  // namespace

/// Moves on by a byte; false if no text of the grammar has it there.
bool GrammarMachine::step(GrammarPosition& position, std::uint8_t byte) {
  PartialCharacter& partial = position.partial;
  if (partial.remaining > 0) {
    if ((byte >> 6) != 2) return false;
    partial.value = (partial.value << 6) + (byte & 0x3FU);
    --partial.remaining;
    if (partial.remaining > 0) return isWellFormed(partial);
  } else {
    if (byte >= 0x80 && (byte < 0xC2 || byte > 0xF4)) return false;
    partial.remaining = byte < 0x80 ? 0 : byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
    partial.value = byte & ((1U << (7 - partial.remaining)) - 1);
    if (partial.remaining > 0) return true;
  }
  position.state = partial.value == 0 ? kNowhere : next(position.state, partial.value);
  return position.state != kNowhere;
}

/// Whether a text may end a token here: its last code point is whole or can still become one that may come.
bool GrammarMachine::isPossible(const GrammarPosition& position) const {
  const PartialCharacter& partial = position.partial;
  if (partial.remaining == 0) return position.state != kNowhere;
  const auto& stacks = states_[position.state].stacks;
  return std::any_of(stacks.begin(), stacks.end(), [&](std::uint32_t stack) {
    if (stack == kEmptyStack) return false;
    const GrammarElement element = rules_.elements[stacks_[stack].element];
    return element.kind == ElementKind::characters &&
           rules_.classes[element.value].mayContain(partial.value, partial.remaining);
  });
}

/// Visits the nodes at which text tokens end that may come, until a visit returns false.
template <typename Visit>
void GrammarMachine::walk(const GrammarPosition& from, const Visit& visit) {
  const auto& nodes = vocabulary_->nodes();
  path_[0] = from;
  for (std::uint32_t i = 0; i < nodes.size();) {
    const GrammarVocabulary::Node& node = nodes[i];
    GrammarPosition& here = path_[node.depth];
    here = path_[node.depth - 1U];
    if (!step(here, node.byte)) {
      i = node.end;
      continue;
    }
    ++i;
    if (node.firstToken == node.endOfTokens || !isPossible(here)) continue;
    if (!visit(node)) return;
  }
}

/// Tokens that the grammar names as such. A control token can only come this way.
void GrammarMachine::addTokenElements(std::uint32_t state, TokenSet& permitted) const {
  for (const std::uint32_t stack : states_[state].stacks) {
    if (stack == kEmptyStack) continue;
    const GrammarElement element = rules_.elements[stacks_[stack].element];
    if (element.kind == ElementKind::token) {
      permitted.add(element.value);
    } else if (element.kind == ElementKind::otherToken) {
      const bool had = permitted.has(element.value);
      permitted.addAll(vocabulary_->textTokens());
      if (!had) permitted.remove(element.value);
    }
  }
}

std::shared_ptr<const TokenSet> GrammarMachine::permitted(GrammarPosition position) {
  const bool whole = position.partial.remaining == 0;
  if (whole && states_[position.state].permitted) return states_[position.state].permitted;
  work_ = 0;
  auto permitted = std::make_shared<TokenSet>(vocabulary_->size());
  walk(position, [&](const GrammarVocabulary::Node& node) {
    for (std::uint32_t token = node.firstToken; token < node.endOfTokens; ++token) {
      permitted->add(static_cast<std::size_t>(vocabulary_->tokens()[token]));
    }
    return true;
  });
  if (whole) addTokenElements(position.state, *permitted);
  if (whole) {
    states_[position.state].permitted = permitted;
    ++masks_;
  }
  return permitted;
}

/// Where a token's text leads to; nowhere if the grammar does not know it.
GrammarPosition GrammarMachine::read(GrammarPosition position, std::int32_t token) {
  const GrammarPosition nowhere{kNowhere, {}};
  if (!vocabulary_->textTokens().has(static_cast<std::size_t>(token))) return nowhere;
  for (const char byte : vocabulary_->piece(token)) {
    if (!step(position, static_cast<std::uint8_t>(byte))) return nowhere;
  }
  return isPossible(position) ? position : nowhere;
}

bool GrammarMachine::isNamed(std::uint32_t stack, std::int32_t token) const {
  if (stack == kEmptyStack) return false;
  const auto id = static_cast<std::uint32_t>(token);
  const GrammarElement element = rules_.elements[stacks_[stack].element];
  if (element.kind == ElementKind::token) return element.value == id;
  return element.kind == ElementKind::otherToken && element.value != id && vocabulary_->textTokens().has(id);
}

bool GrammarMachine::accept(GrammarPosition& position, std::int32_t token) {
  work_ = 0;
  GrammarPosition end = read(position, token);
  if (position.partial.remaining == 0 && end.partial.remaining == 0) {
    std::vector<std::uint32_t> stacks = states_[end.state].stacks;
    const std::size_t ofText = stacks.size();
    ++expansion_;
    for (std::size_t i = 0; i < states_[position.state].stacks.size(); ++i) {
      const std::uint32_t stack = states_[position.state].stacks[i];
      if (isNamed(stack, token)) expand(after(stack), stacks);
    }
    if (stacks.size() > ofText) end.state = stateOf(std::move(stacks));
  }
  if (end.state == kNowhere) return false;
  position = end;
  return true;
}

bool GrammarMachine::mayEnd(const GrammarPosition& position) const {
  const auto& stacks = states_[position.state].stacks;
  // The empty stack has the lowest number.
  return position.partial.remaining == 0 && !stacks.empty() && stacks.front() == kEmptyStack;
}

bool GrammarMachine::mayContinue(const GrammarPosition& position,
                                 const std::function<bool(std::size_t)>& isIgnored) {
  if (position.partial.remaining > 0) return true;
  bool hasCharacters = false;
  for (const std::uint32_t stack : states_[position.state].stacks) {
    if (stack == kEmptyStack) continue;
    const GrammarElement element = rules_.elements[stacks_[stack].element];
    if (element.kind == ElementKind::otherToken) return true;
    if (element.kind == ElementKind::token && !isIgnored(element.value)) return true;
    hasCharacters = hasCharacters || element.kind == ElementKind::characters;
  }
  return hasCharacters && hasText(position.state);
}

/// Whether the vocabulary has a token for any of the characters that may come.
bool GrammarMachine::hasText(std::uint32_t state) {
  if (states_[state].hasText) return *states_[state].hasText;
  bool found = false;
  work_ = 0;
  try {
    walk({state, {}}, [&found](const GrammarVocabulary::Node&) {
      found = true;
      return false;
    });
  } catch (const ConstraintError&) {
    return true;
  }
  states_[state].hasText = found;
  return found;
}

}  // namespace glossa
