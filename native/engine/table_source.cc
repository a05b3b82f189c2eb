#include "engine/table_source.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <stdexcept>
#include <thread>
#include <unordered_set>

namespace glossa {

namespace {

constexpr std::int32_t kBeamSlots = 64;

}  // namespace

TableSource::TableSource(const TableOptions& options, std::vector<std::vector<float>> tables)
    : options_(options),
      tables_(std::move(tables)),
      cells_(static_cast<std::size_t>(options.slots + kBeamSlots)),
      embeddings_(tables_, vocabularySize(), options.contextSize, options.stepDelayMs) {
  if (options_.totalCells <= 0) options_.totalCells = std::int64_t{options_.contextSize} * options_.slots;
  if (options_.beamCells <= 0) options_.beamCells = std::int64_t{options_.contextSize} * kBeamSlots;
  const std::size_t size = vocabularySize() * vocabularySize();
  if (tables_.empty() || std::any_of(tables_.begin(), tables_.end(),
                                     [size](const auto& table) { return table.size() != size; })) {
    throw std::invalid_argument("expected tables of vocabularySize x vocabularySize logits");
  }
}

SlotGroup TableSource::slotGroup(SlotKind kind) const {
  const bool onePool = options_.totalCells < std::int64_t{options_.contextSize} * options_.slots;
  if (kind == SlotKind::stream) return {0, options_.slots, 0, options_.totalCells, onePool};
  return onePool ? SlotGroup{options_.slots, kBeamSlots, 0, options_.totalCells, true}
                 : SlotGroup{options_.slots, kBeamSlots, 1, options_.beamCells, true};
}

std::vector<TableSource::Cell>& TableSource::cells(std::int32_t slot) {
  if (slot < 0 || static_cast<std::size_t>(slot) >= cells_.size()) throw std::logic_error("no such slot");
  return cells_[static_cast<std::size_t>(slot)];
}

std::int64_t TableSource::usedCells(const SlotGroup& group) const {
  std::unordered_set<const Token*> distinct;
  for (std::int32_t slot = group.first; slot < group.first + group.count; ++slot) {
    for (const Cell& cell : cells_[static_cast<std::size_t>(slot)]) distinct.insert(cell.get());
  }
  return static_cast<std::int64_t>(distinct.size());
}

bool TableSource::hasRoomFor(std::span<const BatchToken> batch) const {
  const SlotGroup streams = slotGroup(SlotKind::stream);
  const SlotGroup beams = slotGroup(SlotKind::beam);
  const auto forBeams = std::count_if(batch.begin(), batch.end(),
                                      [&](const BatchToken& entry) { return entry.slot >= beams.first; });
  const auto forStreams = static_cast<std::int64_t>(batch.size()) - forBeams;
  const std::int64_t inStreams = usedCells(streams) + forStreams;
  const std::int64_t inBeams = usedCells(beams) + forBeams;
  if (streams.pool == beams.pool) return inStreams + inBeams <= streams.cells;
  return inStreams <= streams.cells && inBeams <= beams.cells;
}

DecodeStatus TableSource::decode(std::span<const BatchToken> batch, std::int32_t adapterSet) {
  if (aborting_) return DecodeStatus::aborted;
  if (!hasRoomFor(batch)) return DecodeStatus::full;
  if (options_.stepDelayMs > 0) std::this_thread::sleep_for(std::chrono::milliseconds(options_.stepDelayMs));
  for (const BatchToken& entry : batch) {
    auto& slot = cells(entry.slot);
    if (static_cast<std::size_t>(entry.position) != slot.size())
      throw std::logic_error("positions are not in order");
    if (entry.position >= options_.contextSize) throw std::logic_error("a sequence outgrew its context");
    if (!slot.empty() && slot.back()->adapterSet != adapterSet) {
      throw std::logic_error("the slot's cells were made with other adapters");
    }
    slot.push_back(std::make_shared<const Token>(Token{entry.token, adapterSet}));
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

/// Beams share their cells; streams copy them, unless all draw on one pool.
bool TableSource::copyCells(std::int32_t from, std::int32_t to, std::int32_t tokens) {
  const std::span<const Cell> source(cells(from).data(), static_cast<std::size_t>(tokens));
  auto& target = cells(to);
  if (!target.empty()) throw std::logic_error("the slot to copy to is not empty");
  const SlotGroup beams = slotGroup(SlotKind::beam);
  const bool inBeams = from >= beams.first && to >= beams.first;
  const bool shares = inBeams || slotGroup(SlotKind::stream).shared;
  for (const Cell& cell : source) target.push_back(shares ? cell : std::make_shared<const Token>(*cell));
  return true;
}

std::vector<std::uint8_t> TableSource::saveCells(std::int32_t slot) {
  const auto& held = cells(slot);
  std::vector<std::uint8_t> state(held.size() * sizeof(Token));
  for (std::size_t i = 0; i < held.size(); ++i) {
    std::memcpy(state.data() + i * sizeof(Token), held[i].get(), sizeof(Token));
  }
  return state;
}

bool TableSource::restoreCells(std::int32_t slot, std::span<const std::uint8_t> state) {
  auto& held = cells(slot);
  if (!held.empty()) throw std::logic_error("the slot to restore is not empty");
  for (std::size_t i = 0; i < state.size(); i += sizeof(Token)) {
    Token token{};
    std::memcpy(&token, state.data() + i, sizeof(Token));
    held.push_back(std::make_shared<const Token>(token));
  }
  return true;
}

}  // namespace glossa
