#include "llama/unknown_characters.h"

#include <cstdint>

namespace glossa {

namespace {

bool isContinuation(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
}

/// The character that begins at `at`.
std::string_view characterAt(std::string_view text, std::size_t at) {
  std::size_t end = at + 1;
  while (end < text.size() && isContinuation(text[end])) ++end;
  return text.substr(at, end - at);
}

}  // namespace

UnknownCharacters::UnknownCharacters(const llama_vocab* vocabulary, const std::string& tokenizer)
    : isSentencePiece_(tokenizer == "llama") {
  if (!isSentencePiece_) return;
  // It is written with another character before tokens are looked for.
  known_.insert(" ");
  const std::int32_t count = api().llama_vocab_n_tokens(vocabulary);
  for (std::int32_t token = 0; token < count; ++token) {
    const std::string_view text = api().llama_vocab_get_text(vocabulary, token);
    for (std::size_t at = 0; at < text.size();) {
      const std::string_view character = characterAt(text, at);
      known_.emplace(character);
      at += character.size();
    }
  }
}

std::string_view UnknownCharacters::next(std::string_view text, std::size_t from) const {
  if (!isSentencePiece_) return {};
  while (from < text.size() && isContinuation(text[from])) ++from;
  std::string looked;
  while (from < text.size()) {
    looked = characterAt(text, from);
    if (!known_.contains(looked)) return text.substr(from, looked.size());
    from += looked.size();
  }
  return {};
}

}  // namespace glossa
