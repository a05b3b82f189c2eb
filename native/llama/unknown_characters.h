#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_set>

#include "llama/api.h"

namespace glossa {

/// Characters that are in no token of a SentencePiece vocabulary. Their bytes become tokens, and nothing is
/// merged with them: a text may be cut beside them. Immutable, so any thread may use it.
class UnknownCharacters {
 public:
  /// @param tokenizer `tokenizer.ggml.model`; no character is unknown to one that is not SentencePiece's
  UnknownCharacters(const llama_vocab* vocabulary, const std::string& tokenizer);

  /// The first of them that begins at `from` or later, in valid UTF-8; empty if there is none.
  std::string_view next(std::string_view text, std::size_t from) const;

 private:
  bool isSentencePiece_;
  std::unordered_set<std::string> known_;
};

}  // namespace glossa
