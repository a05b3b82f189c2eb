#include "llama/token_bytes.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

namespace glossa {

namespace {

/// How SentencePiece writes a space. A text that holds this character itself gets the same tokens.
constexpr std::string_view kSpaceMark = "\xe2\x96\x81";

constexpr int kStrips = LLAMA_TOKEN_ATTR_LSTRIP | LLAMA_TOKEN_ATTR_RSTRIP;

}  // namespace

std::size_t longestTokenBytes(const llama_vocab* vocabulary, const std::string& tokenizer,
                              std::span<const std::string> pieces) {
  if (tokenizer != "gpt2" && tokenizer != "llama") return 0;
  std::array<bool, 256> isByteKnown{};
  std::size_t longest = 0;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const auto token = static_cast<std::int32_t>(i);
    if ((api().llama_vocab_get_attr(vocabulary, token) & kStrips) != 0) return 0;
    const std::string& piece = pieces[i];
    if (piece.size() == 1) isByteKnown.at(static_cast<unsigned char>(piece.front())) = true;
    // GPT-2's letters are two bytes for some that are one: what they stand for is the piece.
    const std::string_view written = api().llama_vocab_get_text(vocabulary, token);
    const bool isWritten = piece.empty() || tokenizer == "llama" || written.find(kSpaceMark) != written.npos;
    longest = std::max({longest, piece.size(), isWritten ? written.size() : 0});
  }
  return std::ranges::all_of(isByteKnown, [](bool isKnown) { return isKnown; }) ? longest : 0;
}

}  // namespace glossa
