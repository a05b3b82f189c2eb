#include <algorithm>
#include <utility>

#include "decoding/processors/factories.h"

namespace glossa::processors {

namespace {

void drop(ScoreRow& row, std::span<const std::int32_t> tokens) {
  for (const std::int32_t token : tokens) row.scoreOf(token) = kDropped;
}

/// Bans what followed earlier occurrences of the row's last size - 1 ids: walks back through the positions of
/// the last id. `position` is the first of them; followers count that stand before `end`.
void banFollowers(ScoreRow& row, const TokenHistory& history, std::size_t size, std::int32_t position,
                  std::size_t end) {
  const auto ids = history.ids();
  const auto context = ids.last(size - 1).first(size - 2);
  for (; position >= 0; position = history.previousOccurrence(static_cast<std::size_t>(position))) {
    const auto last = static_cast<std::size_t>(position);
    if (last < context.size()) return;
    if (last + 1 >= end) continue;
    float& follower = row.scoreOf(ids[last + 1]);
    // One that is banned already needs no comparison: in a row of repetitions that is nearly every one.
    if (follower == kDropped) continue;
    if (std::ranges::equal(ids.subspan(last - context.size(), context.size()), context)) follower = kDropped;
  }
}

/// NoRepeatNGramLogitsProcessor: no n-gram of the row, prompt included, comes up again.
class NoRepeatNgram final : public LogitsProcessor {
 public:
  explicit NoRepeatNgram(std::int32_t size) : size_(static_cast<std::size_t>(size)) {}
  void apply(ScoreRow& row, const TokenHistory& history) const override {
    if (history.size() < size_) return;
    if (size_ == 1) {
      drop(row, history.distinct());
      return;
    }
    const std::size_t last = history.size() - 1;
    banFollowers(row, history, size_, history.previousOccurrence(last), history.size());
  }

 private:
  std::size_t size_;
};

/// EncoderNoRepeatNGramLogitsProcessor: no n-gram of the prompt is generated.
class EncoderNoRepeatNgram final : public LogitsProcessor {
 public:
  explicit EncoderNoRepeatNgram(std::int32_t size) : size_(static_cast<std::size_t>(size)) {}
  void apply(ScoreRow& row, const TokenHistory& history) const override {
    if (history.promptSize() < size_) return;
    if (size_ == 1) {
      drop(row, history.distinctInPrompt());
      return;
    }
    banFollowers(row, history, size_, history.lastInPrompt(history.back()), history.promptSize());
  }

 private:
  std::size_t size_;
};

/// SuppressTokensLogitsProcessor.
class SuppressTokens final : public LogitsProcessor {
 public:
  explicit SuppressTokens(std::vector<std::int32_t> tokens) : tokens_(std::move(tokens)) {}
  void apply(ScoreRow& row, const TokenHistory& /*history*/) const override { drop(row, tokens_); }

 private:
  std::vector<std::int32_t> tokens_;
};

/// SuppressTokensAtBeginLogitsProcessor. Behind a forced BOS the beginning is the token after it.
class BeginSuppressTokens final : public LogitsProcessor {
 public:
  BeginSuppressTokens(std::vector<std::int32_t> tokens, bool afterBos)
      : tokens_(std::move(tokens)), afterBos_(afterBos) {}
  void apply(ScoreRow& row, const TokenHistory& history) const override {
    const std::size_t begin = afterBos_ && history.promptSize() <= 1 ? 1 : 0;
    if (history.generated() == begin) drop(row, tokens_);
  }

 private:
  std::vector<std::int32_t> tokens_;
  bool afterBos_;
};

/// The grammar of the row, if it has one.
class Constraint final : public LogitsProcessor {
 public:
  void apply(ScoreRow& row, const TokenHistory& history) const override {
    if (const RowConstraint* const constraint = history.constraint()) constraint->restrict(row);
  }
};

}  // namespace

Processor noRepeatNgram(const DecodingParameters& parameters) {
  if (parameters.noRepeatNgramSize <= 0) return nullptr;
  return std::make_unique<NoRepeatNgram>(parameters.noRepeatNgramSize);
}

Processor encoderNoRepeatNgram(const DecodingParameters& parameters) {
  if (parameters.encoderNoRepeatNgramSize <= 0) return nullptr;
  return std::make_unique<EncoderNoRepeatNgram>(parameters.encoderNoRepeatNgramSize);
}

Processor suppressTokens(const DecodingParameters& parameters) {
  if (parameters.suppressTokens.empty()) return nullptr;
  return std::make_unique<SuppressTokens>(parameters.suppressTokens);
}

Processor beginSuppressTokens(const DecodingParameters& parameters) {
  if (parameters.beginSuppressTokens.empty()) return nullptr;
  return std::make_unique<BeginSuppressTokens>(parameters.beginSuppressTokens,
                                               parameters.forcedBosTokenId >= 0);
}

/// Whether there is a grammar only the rows know.
Processor constraint(const DecodingParameters& /*parameters*/) {
  return std::make_unique<Constraint>();
}

}  // namespace glossa::processors
