#include "decoding/token_history.h"

#include <algorithm>
#include <utility>

namespace glossa {

namespace {

constexpr std::size_t kFewestSlots = 16;

}  // namespace

/// The slot that holds the token, or the free one where it belongs.
std::size_t TokenTable::slotFor(std::int32_t token) const {
  const std::size_t last = slots_.size() - 1;
  // Fibonacci hashing: ids are often neighbours, the product's high bits are not.
  std::size_t slot = (static_cast<std::uint32_t>(token) * 2654435769U >> 8U) & last;
  while (slots_[slot] >= 0 && entries_[static_cast<std::size_t>(slots_[slot])].token != token)
    slot = (slot + 1) & last;
  return slot;
}

const TokenTable::Entry* TokenTable::find(std::int32_t token) const {
  if (slots_.empty()) return nullptr;
  const std::int32_t index = slots_[slotFor(token)];
  return index < 0 ? nullptr : &entries_[static_cast<std::size_t>(index)];
}

std::int32_t TokenTable::add(std::int32_t token, std::int32_t position) {
  if (2 * (entries_.size() + 1) > slots_.size()) grow();
  const std::size_t slot = slotFor(token);
  if (slots_[slot] < 0) {
    slots_[slot] = static_cast<std::int32_t>(entries_.size());
    entries_.push_back({token, 1, position});
    return -1;
  }
  Entry& entry = entries_[static_cast<std::size_t>(slots_[slot])];
  ++entry.count;
  return std::exchange(entry.lastPosition, position);
}

void TokenTable::grow() {
  slots_.assign(std::max(kFewestSlots, 2 * slots_.size()), -1);
  for (std::size_t i = 0; i < entries_.size(); ++i)
    slots_[slotFor(entries_[i].token)] = static_cast<std::int32_t>(i);
}

TokenHistory::TokenHistory(std::span<const std::int32_t> prompt, std::size_t vocabularySize,
                           std::unique_ptr<RowConstraint> constraint)
    : promptSize_(prompt.size()), ids_(prompt.begin(), prompt.end()), constraint_(std::move(constraint)) {
  auto facts = std::make_shared<Prompt>();
  facts->previous.reserve(prompt.size());
  distinct_.reserve(std::min(prompt.size(), vocabularySize));
  for (std::size_t i = 0; i < prompt.size(); ++i) {
    facts->previous.push_back(facts->table.add(prompt[i], static_cast<std::int32_t>(i)));
    if (facts->previous.back() < 0) distinct_.push_back(prompt[i]);
  }
  prompt_ = std::move(facts);
}

TokenHistory::TokenHistory(const TokenHistory& other)
    : promptSize_(other.promptSize_),
      prompt_(other.prompt_),
      ids_(other.ids_),
      distinct_(other.distinct_),
      generated_(other.generated_),
      previous_(other.previous_),
      constraint_(other.constraint_ ? other.constraint_->clone() : nullptr) {}

TokenHistory& TokenHistory::operator=(const TokenHistory& other) {
  if (this == &other) return *this;
  promptSize_ = other.promptSize_;
  prompt_ = other.prompt_;
  ids_ = other.ids_;
  distinct_ = other.distinct_;
  generated_ = other.generated_;
  previous_ = other.previous_;
  constraint_ = other.constraint_ ? other.constraint_->clone() : nullptr;
  return *this;
}

void TokenHistory::append(std::int32_t token) {
  if (constraint_) constraint_->accept(token);
  const std::int32_t before = generated_.add(token, static_cast<std::int32_t>(ids_.size()));
  previous_.push_back(before >= 0 ? before : lastInPrompt(token));
  if (previous_.back() < 0) distinct_.push_back(token);
  ids_.push_back(token);
}

std::int32_t TokenHistory::lastInPrompt(std::int32_t token) const {
  const TokenTable::Entry* const entry = prompt_->table.find(token);
  return entry == nullptr ? -1 : entry->lastPosition;
}

}  // namespace glossa
