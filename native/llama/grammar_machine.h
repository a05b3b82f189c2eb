// Where texts stand in a grammar: sets of stacks, each set and each stack kept once and known by a number.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "llama/grammar_rules.h"
#include "llama/grammar_vocabulary.h"

namespace glossa {

/// Code point of which bytes are still to come, and can: the beginning is one of well-formed UTF-8.
struct PartialCharacter {
  std::uint32_t value = 0;
  int remaining = 0;
};

/// Where a text stands. Forgotten when the machine tidies up, unless it is registered (GrammarMachine::keep).
struct GrammarPosition {
  std::uint32_t state = 0;
  PartialCharacter partial;
};

/// Walks a grammar's rules. What it has seen once it remembers: states, where they lead, what they permit.
///
/// A set of stacks is held without duplicates, so an ambiguous grammar costs what its distinct stacks cost,
/// not what the ways to reach them do. Where even those grow without bound (or a rule is left-recursive,
/// which src/generation/grammar.ts refuses), an operation ends with an error at a fixed amount of work.
///
/// Not for several threads at once; its owner locks.
class GrammarMachine {
 public:
  /// @throws std::runtime_error for a grammar that has no beginning within the limits
  GrammarMachine(GrammarRules rules, std::shared_ptr<const GrammarVocabulary> vocabulary);

  ~GrammarMachine() = default;
  GrammarMachine(const GrammarMachine&) = delete;
  GrammarMachine& operator=(const GrammarMachine&) = delete;

  GrammarPosition start() const { return start_; }
  /// The tokens that may come next, without the end.
  /// @throws std::runtime_error for a grammar that is too ambiguous; the position stays good
  std::shared_ptr<const TokenSet> permitted(GrammarPosition position);
  /// Moves on by a token. False if it is not permitted; then nothing changed.
  bool accept(GrammarPosition& position, std::int32_t token);
  bool mayEnd(const GrammarPosition& position) const;
  /// Whether any token may come next but those named ones that do not count. Looks for the first, not for
  /// all; true where it is too much work to tell.
  bool mayContinue(const GrammarPosition& position, const std::function<bool(std::size_t)>& isIgnored);

  /// Positions that outlive an operation; tidying up renumbers them.
  void keep(GrammarPosition* position) { kept_.insert(position); }
  void release(GrammarPosition* position) { kept_.erase(position); }

  /// Forgets what no kept position needs, if much has been gathered. Before an operation, never within one.
  void tidy();

 private:
  /// A stack: an element that is to come, above what comes after its rule. Number 0 is the empty stack.
  struct Stack {
    std::uint32_t element;
    std::uint32_t below;
    std::uint32_t choices;  ///< with a rule on top: where in choices_ its alternatives begin, once looked up
  };
  struct State {
    std::vector<std::uint32_t> stacks;  ///< ascending
    std::unique_ptr<std::array<std::uint32_t, 128>> ascii;
    std::unordered_map<std::uint32_t, std::uint32_t> kinds;  ///< of code points
    std::shared_ptr<const TokenSet> permitted;
    std::optional<bool> hasText;  ///< whether a text token may come, of a state without named tokens
  };
  static constexpr std::uint32_t kEmptyStack = 0;
  /// No stacks: a text that the grammar does not know. Never accepted.
  static constexpr std::uint32_t kNowhere = 0;
  static constexpr std::uint32_t kUnknown = UINT32_MAX;
  /// What is remembered between operations, unless kept positions need more: about 12 MB besides the masks.
  static constexpr std::size_t kKeptStacks = 50'000;
  static constexpr std::size_t kKeptStates = 4'096;
  static constexpr std::size_t kKeptEntries = 500'000;

  struct ListHash {
    std::size_t operator()(const std::vector<std::uint32_t>& list) const;
  };

  std::uint32_t stackOf(std::uint32_t element, std::uint32_t below);
  std::uint32_t stateOf(std::vector<std::uint32_t> stacks);
  void expand(std::uint32_t stack, std::vector<std::uint32_t>& into);
  void addChoices(std::uint32_t stack);
  std::uint32_t after(std::uint32_t stack);
  std::uint32_t next(std::uint32_t state, std::uint32_t codePoint);
  std::uint32_t nextOfKind(std::uint32_t state, std::uint32_t codePoint);
  std::uint32_t computeNext(std::uint32_t state, std::uint32_t codePoint);
  bool step(GrammarPosition& position, std::uint8_t byte);
  bool isPossible(const GrammarPosition& position) const;
  bool isNamed(std::uint32_t stack, std::int32_t token) const;
  GrammarPosition read(GrammarPosition position, std::int32_t token);
  template <typename Visit>
  void walk(const GrammarPosition& from, const Visit& visit);
  bool hasText(std::uint32_t state);
  void addTokenElements(std::uint32_t state, TokenSet& permitted) const;
  void forget();
  std::uint32_t transfer(std::uint32_t stack, const std::vector<Stack>& old,
                         std::unordered_map<std::uint32_t, std::uint32_t>& done);
  void work(std::size_t amount, std::size_t stacksOfState);

  const GrammarRules rules_;
  const std::shared_ptr<const GrammarVocabulary> vocabulary_;
  std::vector<std::uint32_t> boundaries_;  ///< code points at which a class begins or has ended
  std::vector<Stack> stacks_;
  std::vector<std::uint32_t> choices_;
  std::unordered_map<std::uint64_t, std::uint32_t> stackNumbers_;
  std::vector<State> states_;
  std::unordered_map<std::vector<std::uint32_t>, std::uint32_t, ListHash> stateNumbers_;
  std::unordered_set<GrammarPosition*> kept_;
  std::vector<GrammarPosition> path_;
  std::vector<std::uint32_t> pending_;
  std::vector<std::uint32_t> visited_;  ///< for each stack the expansion that saw it last
  std::uint32_t expansion_ = 0;
  std::size_t work_ = 0;
  std::size_t masks_ = 0;
  std::size_t entries_ = 0;  ///< stacks of all states, each held twice: of a state and of its number
  std::size_t mostStacks_ = kKeptStacks;
  std::size_t mostStates_ = kKeptStates;
  std::size_t mostEntries_ = kKeptEntries;
  GrammarPosition start_;
};

}  // namespace glossa
