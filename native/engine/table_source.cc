#include "engine/table_source.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <stdexcept>
#include <thread>

namespace glossa {

TableSource::TableSource(const TableOptions& options, std::vector<std::vector<float>> tables)
    : options_(options), tables_(std::move(tables)), cells_(static_cast<std::size_t>(options.slots)) {
  if (options_.totalCells <= 0) options_.totalCells = std::int64_t{options_.contextSize} * options_.slots;
  const std::size_t size = vocabularySize() * vocabularySize();
  if (tables_.empty() || std::any_of(tables_.begin(), tables_.end(),
                                     [size](const auto& table) { return table.size() != size; })) {
    throw std::invalid_argument("expected tables of vocabularySize x vocabularySize logits");
  }
}

std::vector<TableSource::Cell>& TableSource::cells(std::int32_t slot) {
  if (slot < 0 || slot >= options_.slots) throw std::logic_error("no such slot");
  return cells_[static_cast<std::size_t>(slot)];
}

std::int64_t TableSource::usedCells() const {
  std::int64_t used = 0;
  for (const auto& slot : cells_) used += static_cast<std::int64_t>(slot.size());
  return used;
}

DecodeStatus TableSource::decode(std::span<const BatchToken> batch, std::int32_t adapterSet) {
  if (aborting_) return DecodeStatus::aborted;
  if (usedCells() + static_cast<std::int64_t>(batch.size()) > options_.totalCells) return DecodeStatus::full;
  if (options_.stepDelayMs > 0) std::this_thread::sleep_for(std::chrono::milliseconds(options_.stepDelayMs));
  for (const BatchToken& entry : batch) {
    auto& slot = cells(entry.slot);
    if (static_cast<std::size_t>(entry.position) != slot.size())
      throw std::logic_error("positions are not in order");
    if (entry.position >= options_.contextSize) throw std::logic_error("a sequence outgrew its context");
    if (!slot.empty() && slot.back().adapterSet != adapterSet) {
      throw std::logic_error("the slot's cells were made with other adapters");
    }
    slot.push_back({entry.token, adapterSet});
  }
  adapterSet_ = adapterSet;
  batch_.assign(batch.begin(), batch.end());
  return DecodeStatus::ok;
}

std::span<const float> TableSource::logits(std::size_t batchIndex) {
  const BatchToken& entry = batch_.at(batchIndex);
  if (!entry.wantsLogits) throw std::logic_error("logits were not asked for at this batch index");
  const std::span<const float> table = tables_.at(static_cast<std::size_t>(adapterSet_));
  return table.subspan(static_cast<std::size_t>(entry.token) * vocabularySize(), vocabularySize());
}

bool TableSource::removeCells(std::int32_t slot, std::int32_t fromPosition) {
  auto& held = cells(slot);
  if (static_cast<std::size_t>(fromPosition) < held.size())
    held.resize(static_cast<std::size_t>(fromPosition));
  return true;
}

bool TableSource::copyCells(std::int32_t from, std::int32_t to, std::int32_t tokens) {
  const auto source = cells(from);
  if (!cells(to).empty()) throw std::logic_error("the slot to copy to is not empty");
  cells(to).assign(source.begin(), source.begin() + tokens);
  return true;
}

std::vector<std::uint8_t> TableSource::saveCells(std::int32_t slot) {
  const auto& held = cells(slot);
  std::vector<std::uint8_t> state(held.size() * sizeof(Cell));
  std::memcpy(state.data(), held.data(), state.size());
  return state;
}

bool TableSource::restoreCells(std::int32_t slot, std::span<const std::uint8_t> state) {
  auto& held = cells(slot);
  if (!held.empty()) throw std::logic_error("the slot to restore is not empty");
  held.resize(state.size() / sizeof(Cell));
  std::memcpy(held.data(), state.data(), state.size());
  return true;
}

}  // namespace glossa
