#include "decoding/score_row.h"

#include <algorithm>
#include <cmath>

#include "decoding/kernels.h"

namespace glossa {

namespace {

/// A row of which no more than this share survives is worth compacting.
constexpr std::size_t kSparseShare = 4;
/// Weights whose sum falls below this are near float32's smallest numbers, and computed anew.
constexpr double kLeastWeightSum = 1e-9;

}  // namespace

void ScoreRow::assign(std::span<const float> logits) {
  scores_.assign(logits.begin(), logits.end());
  vocabularySize_ = logits.size();
  sparse_ = false;
  weighed_ = false;
}

std::span<float> ScoreRow::scores() {
  weighed_ = false;
  return {scores_.data(), scores_.size()};
}

float& ScoreRow::scoreOf(std::int32_t token) {
  weighed_ = false;
  return scores_[static_cast<std::size_t>(token)];
}

bool ScoreRow::isEmpty() const {
  return kernels::maximum(scores_) == kDropped;
}

void ScoreRow::computeWeights() {
  if (weighed_) return;
  weights_.resize(scores_.size());
  reference_ = kernels::maximum(scores_);
  weightSum_ = kernels::exponentials(scores_, reference_ == kDropped ? 0.0F : reference_, weights_);
  weighed_ = true;
}

std::span<const float> ScoreRow::weights() {
  computeWeights();
  return {weights_.data(), scores_.size()};
}

double ScoreRow::weightSum() {
  computeWeights();
  return weightSum_;
}

float ScoreRow::reference() {
  computeWeights();
  return reference_;
}

double ScoreRow::entropy() {
  const double total = weightSum();
  if (total == 0) return 0;
  return std::log(total) - kernels::weightedDistance(weights(), scores_, reference_) / total;
}

void ScoreRow::normalize() {
  const double total = weightSum();
  if (total == 0) return;
  const float logSum = static_cast<float>(std::log(total));
  kernels::subtract(scores_, reference_, logSum);
  // Weights stay as they are: they do not depend on what is subtracted from all scores.
  reference_ = 0.0F - logSum;
}

void ScoreRow::dropAll() {
  std::fill(scores_.begin(), scores_.end(), kDropped);
  weighed_ = false;
}

void ScoreRow::dropBelow(float score) {
  dropBelow(scores_, score);
}

void ScoreRow::dropBelow(std::span<const float> keys, float key) {
  const std::size_t survivors = kernels::countAtLeast(keys, key);
  if (survivors == keys.size()) return;
  if (sparse_ || survivors <= keys.size() / kSparseShare) {
    compact(keys, key);
  } else {
    mask(keys, key);
  }
}

void ScoreRow::dropBelow(float score, std::size_t ties) {
  const float above = std::nextafter(score, std::numeric_limits<float>::infinity());
  std::size_t surplus = kernels::countAtLeast(scores_, score) - kernels::countAtLeast(scores_, above);
  surplus -= std::min(surplus, ties);
  for (std::size_t i = 0; surplus > 0 && i < scores_.size(); ++i) {
    if (scores_[i] != score) continue;
    scores_[i] = kDropped;
    if (weighed_) {
      weightSum_ -= static_cast<double>(weights_[i]);
      weights_[i] = 0;
    }
    --surplus;
  }
  dropBelow(score);
}

void ScoreRow::compact(std::span<const float> keys, float key) {
  ids_.resize(std::max(ids_.size(), scores_.size()));
  float* const weights = weighed_ ? weights_.data() : nullptr;
  shrink(kernels::compact(keys, key, {scores_.data(), weights, ids_.data(), sparse_}));
}

void ScoreRow::keepOnly(std::span<const std::size_t> entries) {
  ids_.resize(std::max(ids_.size(), scores_.size()));
  for (std::size_t kept = 0; kept < entries.size(); ++kept) {
    ids_[kept] = id(entries[kept]);
    scores_[kept] = scores_[entries[kept]];
    if (weighed_) weights_[kept] = weights_[entries[kept]];
  }
  shrink(entries.size());
}

/// What is left are the first entries; their ids are noted.
void ScoreRow::shrink(std::size_t kept) {
  scores_.resize(kept);
  sparse_ = true;
  sumWeights();
}

/// The keys may be the scores or the weights.
void ScoreRow::mask(std::span<const float> keys, float key) {
  kernels::clearBelow(keys, key, scores_, kDropped);
  if (weighed_) kernels::clearBelow(keys, key, std::span(weights_).first(scores_.size()), 0.0F);
  sumWeights();
}

void ScoreRow::sumWeights() {
  if (!weighed_) return;
  weightSum_ = kernels::sum(std::span<const float>(weights_).first(scores_.size()));
  weighed_ = weightSum_ >= kLeastWeightSum;
}

std::span<float> ScoreRow::scratch(std::size_t count) {
  if (scratch_.size() < count) scratch_.resize(count);
  return std::span(scratch_).first(count);
}

void ScoreRow::toDense(std::span<float> out) const {
  std::fill(out.begin(), out.end(), kDropped);
  for (std::size_t i = 0; i < scores_.size(); ++i) out[static_cast<std::size_t>(id(i))] = scores_[i];
}

}  // namespace glossa
