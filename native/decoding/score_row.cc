#include "decoding/score_row.h"

#include <algorithm>
#include <cmath>

#include "decoding/kernels.h"

namespace glossa {

namespace {

constexpr std::size_t kBlock = 64;
/// A row of which no more than this share survives is worth compacting.
constexpr std::size_t kSparseShare = 4;

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

void ScoreRow::computeWeights() {
  if (weighed_) return;
  weights_.resize(scores_.size());
  maximum_ = kernels::maximum(scores_);
  weightSum_ = kernels::exponentials(scores_, maximum_ == kDropped ? 0.0F : maximum_, weights_);
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

float ScoreRow::maximum() {
  computeWeights();
  return maximum_;
}

double ScoreRow::entropy() {
  const double total = weightSum();
  if (total == 0) return 0;
  return std::log(total) - kernels::weightedDistance(weights(), scores_, maximum_) / total;
}

void ScoreRow::normalize() {
  const double total = weightSum();
  if (total == 0) return;
  const float logSum = static_cast<float>(std::log(total));
  kernels::subtract(scores_, maximum_, logSum);
  // Weights stay as they are: they do not depend on what is subtracted from all scores.
  maximum_ = 0.0F - logSum;
}

void ScoreRow::dropAll() {
  std::fill(scores_.begin(), scores_.end(), kDropped);
  weighed_ = false;
}

void ScoreRow::dropBelow(float score) {
  dropBelow(scores_, score);
}

void ScoreRow::dropBelow(std::span<const float> keys, float key) {
  if (sparse_ || kernels::countAtLeast(keys, key) <= keys.size() / kSparseShare) {
    compact(keys, key);
  } else {
    mask(keys, key);
  }
}

void ScoreRow::dropBelow(float score, std::size_t ties) {
  std::size_t surplus = static_cast<std::size_t>(std::count(scores_.begin(), scores_.end(), score));
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

/// Moves the survivors to the front, block by block: most blocks of a large vocabulary hold none. The keys
/// may be the scores or the weights: none is overwritten before it was read.
void ScoreRow::compact(std::span<const float> keys, float key) {
  ids_.resize(std::max(ids_.size(), scores_.size()));
  std::size_t kept = 0;
  for (std::size_t start = 0; start < keys.size(); start += kBlock) {
    const std::size_t end = std::min(start + kBlock, keys.size());
    if (kernels::maximum(keys.subspan(start, end - start)) < key) continue;
    // Without a branch: who survives is random, and the predictor would miss at every other entry.
    for (std::size_t i = start; i < end; ++i) {
      const bool survives = keys[i] >= key;
      ids_[kept] = id(i);
      scores_[kept] = scores_[i];
      if (weighed_) weights_[kept] = weights_[i];
      kept += survives ? 1 : 0;
    }
  }
  shrink(kept);
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
  if (!weighed_) return;
  weightSum_ = kernels::sum(std::span<const float>(weights_).first(kept));
  // Some filters take the most likely token; weights are relative to it.
  weighed_ = kernels::maximum(scores_) == maximum_;
}

/// The keys may be the scores or the weights.
void ScoreRow::mask(std::span<const float> keys, float key) {
  kernels::clearBelow(keys, key, scores_, kDropped);
  if (!weighed_) return;
  kernels::clearBelow(keys, key, std::span(weights_).first(scores_.size()), 0.0F);
  weightSum_ = kernels::sum(std::span<const float>(weights_).first(scores_.size()));
  weighed_ = kernels::maximum(scores_) == maximum_;
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
