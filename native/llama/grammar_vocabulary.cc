#include "llama/grammar_vocabulary.h"

#include <algorithm>
#include <string_view>

namespace glossa {

namespace {

/// Longer texts are no tokens that a grammar chooses; it keeps Node::depth in 16 bits.
constexpr std::size_t kLongestPiece = 4096;

}  // namespace

void TokenSet::addAll(const TokenSet& others) {
  for (std::size_t i = 0; i < words_.size(); ++i) words_[i] |= others.words_[i];
}

GrammarVocabulary::GrammarVocabulary(const std::shared_ptr<const Model>& model)
    : model_(model), textTokens_(model->vocabularySize()) {
  const auto& ends = model->eosTokenIds();
  for (std::size_t id = 0; id < model->vocabularySize(); ++id) {
    const auto token = static_cast<std::int32_t>(id);
    const std::string_view text = piece(token);
    // Control tokens have no text. One with a NUL can't be told from its beginning by llama.cpp.
    if (text.empty() || text.size() > kLongestPiece || text.find('\0') != std::string_view::npos) continue;
    if (std::find(ends.begin(), ends.end(), token) != ends.end()) continue;
    textTokens_.add(id);
    tokens_.push_back(token);
  }
  std::sort(tokens_.begin(), tokens_.end(), [this](std::int32_t a, std::int32_t b) {
    const int order = piece(a).compare(piece(b));
    return order != 0 ? order < 0 : a < b;
  });
  std::string_view previous;
  std::vector<std::uint32_t> path;
  for (std::uint32_t i = 0; i < tokens_.size(); ++i) {
    const std::string_view text = piece(tokens_[i]);
    if (text != previous) {
      addNodes(previous, text, path);
      nodes_.back().firstToken = i;
    }
    nodes_.back().endOfTokens = i + 1;
    previous = text;
  }
  addNodes(previous, {}, path);
}

/// Closes the nodes that the next text does not go through and opens the ones that it needs.
/// @param path the open nodes, the first byte's first
void GrammarVocabulary::addNodes(std::string_view previous, std::string_view text,
                                 std::vector<std::uint32_t>& path) {
  const auto [end, unused] = std::mismatch(previous.begin(), previous.end(), text.begin(), text.end());
  const auto shared = static_cast<std::size_t>(end - previous.begin());
  for (; path.size() > shared; path.pop_back()) {
    nodes_[path.back()].end = static_cast<std::uint32_t>(nodes_.size());
  }
  while (path.size() < text.size()) {
    const auto byte = static_cast<std::uint8_t>(text[path.size()]);
    path.push_back(static_cast<std::uint32_t>(nodes_.size()));
    nodes_.push_back({byte, static_cast<std::uint16_t>(path.size()), 0, 0, 0});
  }
  deepest_ = std::max(deepest_, path.size());
}

}  // namespace glossa
