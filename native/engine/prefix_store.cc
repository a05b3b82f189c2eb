#include "engine/prefix_store.h"

#include <algorithm>

namespace glossa {

std::size_t commonPrefixLength(std::span<const std::int32_t> a, std::span<const std::int32_t> b) {
  const std::size_t limit = std::min(a.size(), b.size());
  return static_cast<std::size_t>(
      std::mismatch(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(limit), b.begin()).first - a.begin());
}

void PrefixStore::erase(Iterator entry) {
  usedBytes_ -= entry->bytes();
  entries_.erase(entry);
}

bool PrefixStore::covers(std::int32_t adapterSet, std::span<const std::int32_t> tokens) {
  const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    return entry.adapterSet == adapterSet && commonPrefixLength(entry.tokens, tokens) == tokens.size();
  });
  if (found == entries_.end()) return false;
  entries_.splice(entries_.begin(), entries_, found);
  return true;
}

void PrefixStore::insert(Entry entry) {
  for (auto it = entries_.begin(); it != entries_.end();) {
    const auto next = std::next(it);
    const bool same = it->adapterSet == entry.adapterSet;
    if (same && commonPrefixLength(it->tokens, entry.tokens) == it->tokens.size()) erase(it);
    it = next;
  }
  if (entry.bytes() > capacityBytes_) return;
  while (usedBytes_ + entry.bytes() > capacityBytes_) erase(std::prev(entries_.end()));
  usedBytes_ += entry.bytes();
  entries_.push_front(std::move(entry));
}

PrefixStore::Match PrefixStore::find(std::int32_t adapterSet, std::span<const std::int32_t> tokens) {
  Match match;
  auto best = entries_.end();
  for (auto it = entries_.begin(); it != entries_.end(); ++it) {
    if (it->adapterSet != adapterSet) continue;
    const std::size_t length = commonPrefixLength(it->tokens, tokens);
    if (length <= match.length) continue;
    match = {&*it, length};
    best = it;
  }
  if (best != entries_.end()) entries_.splice(entries_.begin(), entries_, best);
  return match;
}

}  // namespace glossa
