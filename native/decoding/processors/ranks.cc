#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "decoding/kernels.h"
#include "decoding/processors/factories.h"

namespace glossa::processors {

namespace {

/// Where the `count` highest scores end.
Cut cutAfter(ScoreRow& row, std::size_t count) {
  return row.cutFinder().find(std::as_const(row).scores(), {}, static_cast<double>(count));
}

/// TopHLogitsWarper (Potraghloo et al. 2025): of the 100 most likely tokens the first stay, as many as hold
/// the share `top_h` of the entropy of those 100. Of tokens that tie the lowest ids come first.
class TopH final : public LogitsProcessor {
 public:
  explicit TopH(double share) : share_(static_cast<float>(share)) {}
  void apply(ScoreRow& row, const TokenHistory& /*history*/) const override {
    std::array<Candidate, kCandidates> candidates{};
    const std::size_t count = collect(row, candidates);
    if (count == 0) return;
    std::array<std::size_t, kCandidates> entries{};
    const std::size_t kept = keptOf(std::span(candidates).first(count));
    for (std::size_t i = 0; i < kept; ++i) entries[i] = candidates[i].entry;
    std::sort(entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(kept));
    row.keepOnly(std::span(entries).first(kept));
  }

 private:
  static constexpr std::size_t kCandidates = 100;
  struct Candidate {
    float score;
    std::size_t entry;
  };

  /// The most likely entries, best first.
  static std::size_t collect(ScoreRow& row, std::span<Candidate> candidates) {
    const Cut cut = cutAfter(row, candidates.size());
    if (cut.score == kDropped) return 0;
    const auto scores = std::as_const(row).scores();
    std::size_t count = 0;
    std::size_t ties = candidates.size() - static_cast<std::size_t>(cut.massAbove);
    for (std::size_t i = 0; i < scores.size(); ++i) {
      // Written so that NaN, which has no rank, is passed over.
      if (!(scores[i] >= cut.score) || (scores[i] == cut.score && ties == 0)) continue;
      if (count == candidates.size()) break;
      if (scores[i] == cut.score) --ties;
      candidates[count++] = {scores[i], i};
    }
    std::stable_sort(candidates.begin(), candidates.begin() + static_cast<std::ptrdiff_t>(count),
                     [](const Candidate& a, const Candidate& b) { return a.score > b.score; });
    return count;
  }

  /// In float32 where transformers' comparisons are.
  std::size_t keptOf(std::span<const Candidate> candidates) const {
    std::array<double, kCandidates> terms{};
    const double max = static_cast<double>(candidates.front().score);
    double total = 0;
    for (const Candidate& candidate : candidates)
      total += std::exp(static_cast<double>(candidate.score) - max);
    double entropy = 0;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      const double logProbability = static_cast<double>(candidates[i].score) - max - std::log(total);
      const double probability = std::exp(logProbability);
      // In float32 its term is 0 x -inf: NaN, which is under no limit.
      if (static_cast<float>(probability) == 0.0F) {
        candidates = candidates.first(i);
        break;
      }
      terms[i] = -probability * logProbability;
      entropy += terms[i];
      // In float32 the logarithm of 0 makes this term and all that follow NaN, which transformers does not
      // keep.
      if (std::exp(static_cast<float>(logProbability)) == 0.0F) terms[i] = std::nan("");
    }
    const float limit = static_cast<float>(entropy) * share_;
    double cumulative = terms[0];
    std::size_t kept = 1;
    while (kept < candidates.size() && static_cast<float>(cumulative + terms[kept]) <= limit)
      cumulative += terms[kept++];
    return kept;
  }

  float share_;
};

/// TopKLogitsWarper: all ties with the k-th highest score stay, so more than k may survive.
class TopK final : public LogitsProcessor {
 public:
  explicit TopK(std::size_t k) : k_(k) {}
  void apply(ScoreRow& row, const TokenHistory& /*history*/) const override {
    if (k_ < row.size()) row.dropBelow(cutAfter(row, k_).score);
  }

 private:
  std::size_t k_;
};

/// TopPLogitsWarper (Holtzman et al. 2020): a token stays if the mass ranked above it is less than p. Of
/// tokens that tie at the boundary the highest ids stay, as many as it takes, because transformers walks an
/// ascending sort.
class TopP final : public LogitsProcessor {
 public:
  /// transformers compares the mass ranked below with 1 - p in float32.
  TopP(double p, std::size_t keep)
      : p_(1.0 - static_cast<double>(static_cast<float>(1.0 - p))), keep_(keep) {}
  void apply(ScoreRow& row, const TokenHistory& /*history*/) const override {
    if (!(row.weightSum() > 0)) return;
    const double target = p_ * row.weightSum();
    // Taken before find(): the span must see weights that are already there.
    const auto weights = row.weights();
    Cut cut = row.cutFinder().find(std::as_const(row).scores(), weights, target);
    auto ties = tiesOf(row, cut.tiedMass > 0 ? (target - cut.massAbove) / cut.tiedMass : 1.0);
    // One entry is above any cut.
    if (keep_ > 1) {
      const Cut least = cutAfter(row, keep_);
      const auto leastTies = tiesOf(row, static_cast<double>(keep_) - least.massAbove);
      if (least.score < cut.score || (least.score == cut.score && leastTies > ties)) {
        cut = least;
        ties = leastTies;
      }
    }
    row.dropBelow(cut.score, ties);
  }

 private:
  static std::size_t tiesOf(const ScoreRow& row, double ties) {
    return static_cast<std::size_t>(std::clamp(std::ceil(ties), 1.0, static_cast<double>(row.size())));
  }

  double p_;
  std::size_t keep_;
};

}  // namespace

Processor topH(const DecodingParameters& parameters) {
  return parameters.topH > 0 ? std::make_unique<TopH>(parameters.topH) : nullptr;
}

Processor topK(const DecodingParameters& parameters) {
  if (parameters.topK == 0) return nullptr;
  return std::make_unique<TopK>(
      std::max(static_cast<std::size_t>(parameters.topK), parameters.minTokensToKeep()));
}

Processor topP(const DecodingParameters& parameters) {
  if (parameters.topP >= 1.0) return nullptr;
  return std::make_unique<TopP>(parameters.topP, parameters.minTokensToKeep());
}

}  // namespace glossa::processors
