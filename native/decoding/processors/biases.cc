#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include "decoding/processors/factories.h"

namespace glossa::processors {

namespace {

/// SequenceBiasLogitsProcessor, and NoBadWordsLogitsProcessor, which is the same with biases of -inf.
///
/// Biases of one token are added up in float32 before the score is touched, in transformers' order: first
/// that of the token alone, then those of longer sequences, grouped by length in the order in which the
/// lengths come up.
class SequenceBiases final : public LogitsProcessor {
 public:
  explicit SequenceBiases(const std::vector<SequenceBias>& given) {
    for (const SequenceBias& entry : grouped(lastWins(given))) add(entry);
    std::stable_sort(sequences_.begin(), sequences_.end(), Before());
  }

  void apply(ScoreRow& row, const TokenHistory& history) const override {
    const auto sums = row.scratch(targets_.size());
    for (std::size_t i = 0; i < targets_.size(); ++i) sums[i] = targets_[i].bias;
    if (history.size() > 0) {
      const auto candidates =
          std::equal_range(sequences_.begin(), sequences_.end(), history.back(), Before());
      for (auto sequence = candidates.first; sequence != candidates.second; ++sequence) {
        if (endsWith(history.ids(), sequence->prefix)) sums[sequence->target] += sequence->bias;
      }
    }
    for (std::size_t i = 0; i < targets_.size(); ++i) row.scoreOf(targets_[i].token) += sums[i];
  }

 private:
  struct Target {
    std::int32_t token;
    float bias;  ///< whatever the row ends with
  };
  struct Sequence {
    std::vector<std::int32_t> prefix;
    std::size_t target;
    float bias;
  };
  /// Orders sequences by the token after which they apply, to find the few that a row's last token may
  /// complete.
  struct Before {
    bool operator()(const Sequence& a, const Sequence& b) const { return a.prefix.back() < b.prefix.back(); }
    bool operator()(const Sequence& a, std::int32_t token) const { return a.prefix.back() < token; }
    bool operator()(std::int32_t token, const Sequence& b) const { return token < b.prefix.back(); }
  };

  /// As keys of a dict behave: an entry given twice has its first place and its last value.
  static std::vector<SequenceBias> lastWins(const std::vector<SequenceBias>& given) {
    std::vector<SequenceBias> unique;
    std::map<std::vector<std::int32_t>, std::size_t> places;
    for (const SequenceBias& entry : given) {
      const auto [place, isNew] = places.try_emplace(entry.tokens, unique.size());
      if (isNew) unique.push_back(entry);
      unique[place->second].bias = entry.bias;
    }
    return unique;
  }

  static std::vector<SequenceBias> grouped(std::vector<SequenceBias> entries) {
    std::map<std::size_t, std::size_t> rankOfLength{{1, 0}};
    for (const SequenceBias& entry : entries)
      rankOfLength.try_emplace(entry.tokens.size(), rankOfLength.size());
    std::stable_sort(entries.begin(), entries.end(), [&](const SequenceBias& a, const SequenceBias& b) {
      return rankOfLength.at(a.tokens.size()) < rankOfLength.at(b.tokens.size());
    });
    return entries;
  }

  void add(const SequenceBias& entry) {
    const std::int32_t token = entry.tokens.back();
    const auto [place, isNew] = targetOf_.try_emplace(token, targets_.size());
    if (isNew) targets_.push_back({token, 0.0F});
    if (entry.tokens.size() == 1) {
      targets_[place->second].bias = entry.bias;
    } else {
      sequences_.push_back({{entry.tokens.begin(), entry.tokens.end() - 1}, place->second, entry.bias});
    }
  }

  static bool endsWith(std::span<const std::int32_t> ids, std::span<const std::int32_t> suffix) {
    return suffix.size() <= ids.size() && std::ranges::equal(ids.last(suffix.size()), suffix);
  }

  std::vector<Target> targets_;
  std::vector<Sequence> sequences_;
  std::map<std::int32_t, std::size_t> targetOf_;
};

}  // namespace

Processor sequenceBias(const DecodingParameters& parameters) {
  if (parameters.sequenceBias.empty()) return nullptr;
  return std::make_unique<SequenceBiases>(parameters.sequenceBias);
}

Processor badWords(const DecodingParameters& parameters) {
  const auto& eos = parameters.eosTokenIds;
  std::vector<SequenceBias> biases;
  for (const auto& word : parameters.badWordsIds) {
    // transformers never bans the end of a sequence this way.
    if (word.size() == 1 && std::find(eos.begin(), eos.end(), word.front()) != eos.end()) continue;
    biases.push_back({word, kDropped});
  }
  return biases.empty() ? nullptr : std::make_unique<SequenceBiases>(biases);
}

}  // namespace glossa::processors
