#include "decoding/logprobs.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "decoding/kernels.h"

namespace glossa {

namespace {

/// Blocks whose maximum does not reach the ranking are passed over. Smaller ones cost a call each, larger
/// ones more often hold a token that does.
constexpr std::size_t kBlock = 256;

/// Puts a token where it belongs among those before it. It comes after its equals, whose ids are lower.
void insert(std::span<TokenLogprob> ranking, TokenLogprob entry) {
  std::size_t place = ranking.size() - 1;
  for (; place > 0 && ranking[place - 1].logprob < entry.logprob; --place)
    ranking[place] = ranking[place - 1];
  ranking[place] = entry;
}

/// Fills the ranking with the tokens of the highest logits. It has at most as many places as there are.
void rank(std::span<const float> logits, std::span<TokenLogprob> ranking) {
  const auto entryOf = [&](std::size_t token) {
    const float logit = logits[token];
    return TokenLogprob{static_cast<std::int32_t>(token),
                        std::isnan(logit) ? -std::numeric_limits<float>::infinity() : logit};
  };
  for (std::size_t i = 0; i < ranking.size(); ++i) insert(ranking.first(i + 1), entryOf(i));
  for (std::size_t start = ranking.size(); start < logits.size(); start += kBlock) {
    const auto block = logits.subspan(start, std::min(kBlock, logits.size() - start));
    if (!(kernels::maximum(block) > ranking.back().logprob)) continue;
    for (std::size_t i = 0; i < block.size(); ++i) {
      if (block[i] > ranking.back().logprob) insert(ranking, entryOf(start + i));
    }
  }
}

}  // namespace

void appendLogprobs(std::span<const float> logits, std::int32_t token, std::size_t top,
                    std::vector<TokenLogprob>& out) {
  const std::size_t first = out.size();
  out.resize(first + 1 + std::min(top, logits.size()));
  const auto entries = std::span(out).subspan(first);
  entries.front() = {token, logits[static_cast<std::size_t>(token)]};
  if (entries.size() > 1) rank(logits, entries.subspan(1));
  const float max = kernels::maximum(logits);
  const double logSum = std::log(kernels::sumOfExponentials(logits, max));
  for (TokenLogprob& entry : entries) {
    entry.logprob =
        static_cast<float>(static_cast<double>(entry.logprob) - static_cast<double>(max) - logSum);
  }
}

}  // namespace glossa
