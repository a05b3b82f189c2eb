#pragma once

#include <cstdint>
#include <list>
#include <span>
#include <vector>

namespace glossa {

/// KV cells of finished sequences, kept in host memory under a budget. Least recently used goes first.
///
/// They are not left in the live cache: there, in the unified layout, every step would walk over them.
class PrefixStore {
 public:
  struct Entry {
    std::int32_t adapterSet = 0;       ///< what the cells were made with: no other set can use them
    std::vector<std::int32_t> tokens;  ///< the tokens whose cells the state holds, from position 0
    std::vector<std::uint8_t> state;
    std::size_t bytes() const { return state.size() + tokens.size() * sizeof(std::int32_t) + sizeof(Entry); }
  };
  struct Match {
    const Entry* entry = nullptr;
    std::size_t length = 0;  ///< leading tokens that agree
  };

  explicit PrefixStore(std::size_t capacityBytes) : capacityBytes_(capacityBytes) {}

  /// Whether an entry of this size could be kept at all; asks before the cells are copied.
  bool accepts(std::size_t stateBytes) const { return stateBytes < capacityBytes_; }
  /// Whether an entry holds all of these tokens already; it then counts as used.
  bool covers(std::int32_t adapterSet, std::span<const std::int32_t> tokens);
  /// Keeps an entry, in place of those whose tokens are a prefix of it, and drops old ones until all fits.
  void insert(Entry entry);
  /// The entry that shares the longest prefix with a prompt; it counts as used.
  Match find(std::int32_t adapterSet, std::span<const std::int32_t> tokens);

  std::size_t size() const { return entries_.size(); }
  std::size_t usedBytes() const { return usedBytes_; }

 private:
  using Iterator = std::list<Entry>::iterator;
  void erase(Iterator entry);

  std::size_t capacityBytes_;
  std::size_t usedBytes_ = 0;
  std::list<Entry> entries_;  ///< most recently used first
};

/// Number of leading tokens that two rows share.
std::size_t commonPrefixLength(std::span<const std::int32_t> a, std::span<const std::int32_t> b);

}  // namespace glossa
