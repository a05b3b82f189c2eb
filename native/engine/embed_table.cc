#include "engine/embed_table.h"

#include <chrono>
#include <stdexcept>
#include <thread>

namespace glossa {

DecodeStatus EmbedTable::decode(std::span<const BatchToken> batch, std::int32_t adapterSet) {
  if (!isPrepared_) throw std::logic_error("hidden states are asked for before prepare()");
  if (batch.empty() || batch.size() > static_cast<std::size_t>(batchSize())) {
    throw std::logic_error("no batch can have so many tokens");
  }
  if (stepDelayMs_ > 0) std::this_thread::sleep_for(std::chrono::milliseconds(stepDelayMs_));
  for (const BatchToken& token : batch) {
    if (token.slot < 0 || token.slot >= sequences()) throw std::logic_error("no such sequence");
    Held& held = held_[token.slot];
    if (token.position != held.tokens) throw std::logic_error("positions are not in order");
    if (held.tokens > 0 && held.adapterSet != adapterSet) {
      throw std::logic_error("the sequence's cells were made with other adapters");
    }
    held = {token.position + 1, adapterSet};
  }
  std::int32_t used = 0;
  for (const auto& [sequence, held] : held_) used += held.tokens;
  if (used > cells_) return DecodeStatus::full;
  batch_.assign(batch.begin(), batch.end());
  adapterSet_ = adapterSet;
  return DecodeStatus::ok;
}

std::span<const float> EmbedTable::hiddenState(std::size_t batchIndex) {
  const std::span<const float> table = tables_.at(static_cast<std::size_t>(adapterSet_));
  return table.subspan(static_cast<std::size_t>(batch_.at(batchIndex).token) * width_, width_);
}

}  // namespace glossa
