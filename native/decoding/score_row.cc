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
  weightSum_ = kernels::exponentials(scores_, kernels::maximum(scores_), weights_);
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

void ScoreRow::normalize() {
  const float max = kernels::maximum(scores_);
  // Weights stay as they are: they do not depend on what is subtracted from all scores.
  const float logSum = max + static_cast<float>(std::log(weightSum()));
  for (float& score : scores_) score -= logSum;
}

void ScoreRow::dropBelow(float score) {
  if (sparse_ || kernels::countAtLeast(scores_, score) <= scores_.size() / kSparseShare) {
    compact(score);
  } else {
    mask(score);
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

/// Moves the survivors to the front, block by block: most blocks of a large vocabulary hold none.
void ScoreRow::compact(float score) {
  ids_.resize(std::max(ids_.size(), scores_.size()));
  std::size_t kept = 0;
  for (std::size_t start = 0; start < scores_.size(); start += kBlock) {
    const std::size_t end = std::min(start + kBlock, scores_.size());
    if (kernels::maximum(std::span(scores_).subspan(start, end - start)) < score) continue;
    // Without a branch: who survives is random, and the predictor would miss at every other entry.
    for (std::size_t i = start; i < end; ++i) {
      const bool survives = scores_[i] >= score;
      ids_[kept] = id(i);
      scores_[kept] = scores_[i];
      if (weighed_) weights_[kept] = weights_[i];
      kept += survives ? 1 : 0;
    }
  }
  scores_.resize(kept);
  if (weighed_) weightSum_ = kernels::sum(std::span<const float>(weights_).first(kept));
  sparse_ = true;
}

void ScoreRow::mask(float score) {
  if (weighed_) {
    kernels::clearBelow(scores_, score, weights_);
    weightSum_ = kernels::sum(std::span<const float>(weights_).first(scores_.size()));
  }
  kernels::dropBelow(scores_, score);
}

void ScoreRow::toDense(std::span<float> out) const {
  std::fill(out.begin(), out.end(), kDropped);
  for (std::size_t i = 0; i < scores_.size(); ++i) out[static_cast<std::size_t>(id(i))] = scores_[i];
}

}  // namespace glossa
