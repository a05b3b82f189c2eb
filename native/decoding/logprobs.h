// What the model's own scores say of tokens, before any processor touches them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace glossa {

/// Likeliest tokens that are told of at a place at most.
inline constexpr std::int32_t kMostLogprobs = 20;

/// A token and the natural logarithm of its probability.
struct TokenLogprob {
  std::int32_t token;
  float logprob;
};

/// Appends a token and then the `top` likeliest ones, as many as the row has at most, to `out`: log-softmax
/// of the logits, the likeliest first, of equals the lower id. NaN ranks last. Three passes over the row, two
/// with `top` at 0; nothing is allocated but what `out` needs.
void appendLogprobs(std::span<const float> logits, std::int32_t token, std::size_t top,
                    std::vector<TokenLogprob>& out);

}  // namespace glossa
