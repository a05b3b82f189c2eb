#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "llama/api.h"

namespace glossa {

/// Bytes of text that one token stands for at most, so that a text's bytes tell how many tokens it has at
/// least; 0 where they do not: the tokenizer is none that keeps every byte, drops white space beside some
/// tokens, or leaves out bytes for which it has no token.
/// @param tokenizer `tokenizer.ggml.model`
/// @param pieces bytes that each token adds to a text; empty for control tokens
std::size_t longestTokenBytes(const llama_vocab* vocabulary, const std::string& tokenizer,
                              std::span<const std::string> pieces);

}  // namespace glossa
