#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "llama/api.h"

namespace glossa {

/// A piece of a text: a special token's text, or what lies between two.
struct TextPart {
  std::string_view text;
  std::int32_t token;  ///< -1 between special tokens
};

/// Finds the texts of special tokens in a text, the same ones as llama.cpp does, in time that grows with the
/// text's length (there each one that is found walks past all before it). Longer ones go first wherever they
/// are, then those that come first. Immutable, so any thread may use it.
class SpecialTexts {
 public:
  explicit SpecialTexts(const llama_vocab* vocabulary);

  /// @param parseSpecial look for control and unknown tokens too; user-defined ones are always looked for
  /// @param take is given the parts, none of them empty, in their order; white space that a token drops
  ///   beside itself is in none. What it throws ends the search.
  void split(std::string_view text, bool parseSpecial,
             const std::function<void(const TextPart&)>& take) const;

 private:
  struct Special {
    std::string text;
    std::int32_t token;
    bool isAlwaysParsed;
    bool dropsSpaceBefore;
    bool dropsSpaceAfter;
  };
  static constexpr auto kNone = static_cast<std::size_t>(-1);

  /// The tree of their texts. A node's special tokens are the first whose text ends there, and the first of
  /// those that are always looked for.
  struct Node {
    std::vector<std::pair<char, std::size_t>> next;
    std::size_t parsed = kNone;
    std::size_t always = kNone;
  };
  /// A stretch of a text in which texts of special tokens may overlap; none reaches out of it.
  struct Cluster {
    std::size_t begin;
    std::size_t end;
    std::vector<std::size_t> specials;  ///< that occur in it, each once
  };
  struct Found {
    std::size_t begin;  ///< of its text
    std::size_t end;
    std::size_t dropFrom;  ///< white space that it drops: from here to its text, and from that to dropTo
    std::size_t dropTo;
    std::int32_t token;
  };

  void add(std::size_t index);
  std::size_t step(std::size_t node, char byte) const;
  Cluster clusterAt(std::string_view text, std::size_t from, bool parseSpecial) const;
  std::vector<Found> resolve(std::string_view text, const Cluster& cluster) const;

  std::vector<Special> specials_;  ///< in the order in which they are looked for
  std::vector<Node> nodes_;
  bool anyDropsSpace_ = false;
  bool anyIsAlwaysParsed_ = false;
};

}  // namespace glossa
