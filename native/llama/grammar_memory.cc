// What a GrammarMachine remembers and when it forgets: stacks and states, each once.
#include <algorithm>

#include "llama/grammar_machine.h"

namespace glossa {

namespace {

constexpr std::size_t kWorkOfNewStack = 20;
constexpr std::size_t kKeptMasks = 256;

}  // namespace

std::size_t GrammarMachine::ListHash::operator()(const std::vector<std::uint32_t>& list) const {
  std::uint64_t hash = list.size();
  for (const std::uint32_t value : list) {
    hash = (hash ^ value) * 0x9E3779B97F4A7C15U;
    hash ^= hash >> 32;
  }
  return static_cast<std::size_t>(hash);
}

std::uint32_t GrammarMachine::stackOf(std::uint32_t element, std::uint32_t below) {
  const std::uint64_t key = (std::uint64_t{element} << 32) | below;
  const auto [entry, inserted] = stackNumbers_.try_emplace(key, static_cast<std::uint32_t>(stacks_.size()));
  if (inserted) {
    work_ += kWorkOfNewStack;
    stacks_.push_back({element, below, kUnknown});
    visited_.push_back(0);
  }
  return entry->second;
}

std::uint32_t GrammarMachine::stateOf(std::vector<std::uint32_t> stacks) {
  std::sort(stacks.begin(), stacks.end());
  stacks.erase(std::unique(stacks.begin(), stacks.end()), stacks.end());
  const auto [entry, inserted] =
      stateNumbers_.try_emplace(stacks, static_cast<std::uint32_t>(states_.size()));
  if (inserted) {
    entries_ += stacks.size();
    states_.push_back({std::move(stacks), nullptr, {}, nullptr, std::nullopt});
  }
  return entry->second;
}

void GrammarMachine::forget() {
  stacks_.assign(1, {0, 0, kUnknown});
  choices_.clear();
  visited_.assign(1, 0);
  stackNumbers_.clear();
  states_.clear();
  stateNumbers_.clear();
  expansion_ = 0;
  masks_ = 0;
  entries_ = 0;
  stateOf({});
}

void GrammarMachine::tidy() {
  if (masks_ > kKeptMasks) {
    for (State& state : states_) state.permitted.reset();
    masks_ = 0;
  }
  if (stacks_.size() <= mostStacks_ && states_.size() <= mostStates_ && entries_ <= mostEntries_) return;
  const std::vector<Stack> oldStacks = stacks_;
  std::unordered_map<std::uint32_t, std::vector<std::uint32_t>> oldStates;
  for (const GrammarPosition* position : kept_) {
    oldStates.try_emplace(position->state, states_[position->state].stacks);
  }
  forget();
  std::unordered_map<std::uint32_t, std::uint32_t> stacks{{kEmptyStack, kEmptyStack}};
  std::unordered_map<std::uint32_t, std::uint32_t> states;
  for (auto& [state, list] : oldStates) {
    for (std::uint32_t& stack : list) stack = transfer(stack, oldStacks, stacks);
    states.emplace(state, stateOf(std::move(list)));
  }
  for (GrammarPosition* position : kept_) position->state = states.at(position->state);
  // What can't be forgotten leaves room for as much again: tidying up stays rare, however much that is.
  mostStacks_ = std::max(kKeptStacks, 2 * stacks_.size());
  mostStates_ = std::max(kKeptStates, 2 * states_.size());
  mostEntries_ = std::max(kKeptEntries, 2 * entries_);
}

/// The new number of an old stack. A loop, because stacks are as deep as a text is nested.
std::uint32_t GrammarMachine::transfer(std::uint32_t stack, const std::vector<Stack>& old,
                                       std::unordered_map<std::uint32_t, std::uint32_t>& done) {
  std::vector<std::uint32_t> chain;
  for (std::uint32_t at = stack; !done.contains(at); at = old[at].below) chain.push_back(at);
  for (auto at = chain.rbegin(); at != chain.rend(); ++at) {
    done.emplace(*at, stackOf(old[*at].element, done.at(old[*at].below)));
  }
  return done.at(stack);
}

}  // namespace glossa
