// A model's tokens by their bytes, in the order in which a grammar tries them.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "llama/model.h"

namespace glossa {

/// A set of tokens, one bit each.
class TokenSet {
 public:
  explicit TokenSet(std::size_t vocabularySize) : words_((vocabularySize + 63) / 64), size_(vocabularySize) {}

  void add(std::size_t token) { words_[token / 64] |= std::uint64_t{1} << (token % 64); }
  void remove(std::size_t token) { words_[token / 64] &= ~(std::uint64_t{1} << (token % 64)); }
  bool has(std::size_t token) const { return ((words_[token / 64] >> (token % 64)) & 1) != 0; }
  void addAll(const TokenSet& others);
  const std::vector<std::uint64_t>& words() const { return words_; }
  std::size_t size() const { return size_; }

 private:
  std::vector<std::uint64_t> words_;
  std::size_t size_;
};

/// The tokens' texts as a tree of bytes, nodes in depth-first order. Immutable, so for any thread.
class GrammarVocabulary {
 public:
  struct Node {
    std::uint8_t byte;
    std::uint16_t depth;       ///< 1 for a first byte
    std::uint32_t end;         ///< the next node that is not below this one
    std::uint32_t firstToken;  ///< into tokens()
    std::uint32_t endOfTokens;
  };

  explicit GrammarVocabulary(const std::shared_ptr<const Model>& model);

  const std::vector<Node>& nodes() const { return nodes_; }
  const std::vector<std::int32_t>& tokens() const { return tokens_; }
  std::size_t deepest() const { return deepest_; }
  /// Tokens with a text of their own that are not among the model's end tokens, which are no text.
  const TokenSet& textTokens() const { return textTokens_; }
  std::size_t size() const { return textTokens_.size(); }
  std::string_view piece(std::int32_t token) const { return model_->piece(token); }

 private:
  void addNodes(std::string_view previous, std::string_view piece, std::vector<std::uint32_t>& path);

  std::shared_ptr<const Model> model_;
  std::vector<Node> nodes_;
  std::vector<std::int32_t> tokens_;
  std::size_t deepest_ = 0;
  TokenSet textTokens_;
};

}  // namespace glossa
