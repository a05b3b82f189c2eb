#include "engine/llama_source.h"

#include <algorithm>
#include <stdexcept>

namespace glossa {

namespace {

/// Of the beams' pool: several searches of moderate length, or one long one whose beams parted early.
constexpr std::int64_t kBeamContexts = 4;
constexpr std::int64_t kLeastBeamCells = 2048;

/// Fills in what was left to be chosen.
ContextOptions completed(ContextOptions options, const Model& model) {
  if (options.adapterSets.empty()) options.adapterSets.emplace_back();
  if (options.contextSize <= 0) options.contextSize = model.trainedContextSize();
  if (options.layout == KvLayout::split || options.kvCells <= 0) {
    options.kvCells = std::int64_t{options.contextSize} * options.slots;
  }
  if (options.beamCells <= 0) {
    options.beamCells = std::max(kBeamContexts * options.contextSize, kLeastBeamCells);
  }
  return options;
}

}  // namespace

LlamaSource::LlamaSource(std::shared_ptr<const Model> model, const ContextOptions& options)
    : model_(std::move(model)),
      options_(completed(options, *model_)),
      turn_(options.turnFile),
      threads_(std::make_shared<const ComputeThreads>(options.threads)),
      embedder_(
          {model_, threads_, turn_, aborting_, options_.adapterSets, options_.contextSize, options_.kvType}) {
  const std::int32_t sequences = options_.slots + (isUnified() ? kBeamSlots : 0);
  streams_ = std::make_unique<LlamaContext>(
      model_, threads_, CellOptions{options_.kvCells, sequences, isUnified(), options_.kvType}, aborting_);
}

SlotGroup LlamaSource::slotGroup(SlotKind kind) const {
  const bool streams = kind == SlotKind::stream;
  SlotGroup group{0, options_.slots, 0, options_.kvCells, isUnified()};
  if (streams) return group;
  group.first = options_.slots;
  group.count = kBeamSlots;
  if (!isUnified()) {
    group.pool = 1;
    group.cells = options_.beamCells;
    group.shared = true;
  }
  return group;
}

// The scheduler's thread may be decoding meanwhile, in the other context: the two share only the weights and
// the thread pool, and making a context computes nothing.
void LlamaSource::prepareBeams() {
  if (isUnified()) return;
  const std::lock_guard lock(preparing_);
  if (ownedBeams_) return;
  ownedBeams_ = std::make_unique<LlamaContext>(
      model_, threads_, CellOptions{options_.beamCells, kBeamSlots, true, options_.kvType}, aborting_);
  beams_.store(ownedBeams_.get(), std::memory_order_release);
}

LlamaSource::Place LlamaSource::placeOf(std::int32_t slot) const {
  if (isUnified() || slot < options_.slots) return {streams_.get(), slot};
  LlamaContext* beams = beams_.load(std::memory_order_acquire);
  if (beams == nullptr) throw std::logic_error("a beam's slot is used before prepareBeams()");
  return {beams, slot - options_.slots};
}

/// Gives every context its part of a batch.
void LlamaSource::distribute(std::span<const BatchToken> batch) {
  streams_->clearBatch();
  if (LlamaContext* beams = beams_.load(std::memory_order_acquire)) beams->clearBatch();
  rows_.clear();
  for (const BatchToken& token : batch) {
    const Place place = placeOf(token.slot);
    rows_.push_back({place.context, place.context->addToBatch(token, place.sequence)});
  }
}

// The beams' part comes first. It is the only one that can find no cells, as streams that do not share a pool
// have their own; so nothing has changed when a batch is refused.
DecodeStatus LlamaSource::decode(std::span<const BatchToken> batch, std::int32_t adapterSet) {
  if (aborting_) return DecodeStatus::aborted;
  const auto& adapters = options_.adapterSets.at(static_cast<std::size_t>(adapterSet));
  distribute(batch);
  const ComputeTurn::Holder turn = turn_.take();
  LlamaContext* beams = beams_.load(std::memory_order_acquire);
  const bool hasBeams = beams != nullptr && !beams->batchIsEmpty();
  if (hasBeams) {
    const DecodeStatus status = beams->decode(adapterSet, adapters);
    if (status != DecodeStatus::ok || streams_->batchIsEmpty()) return status;
  }
  const DecodeStatus status = streams_->decode(adapterSet, adapters);
  if (status != DecodeStatus::ok && hasBeams) undo(batch, *beams);
  return status;
}

/// Drops the cells that a batch has made in one context.
void LlamaSource::undo(std::span<const BatchToken> batch, const LlamaContext& context) {
  for (const BatchToken& token : batch) {
    const Place place = placeOf(token.slot);
    if (place.context == &context) place.context->removeCells(place.sequence, token.position);
  }
}

std::span<const float> LlamaSource::logits(std::size_t batchIndex) {
  const Row row = rows_.at(batchIndex);
  const float* scores = row.context->logits(row.index);
  if (scores == nullptr) throw std::logic_error("logits were not asked for at this batch index");
  return {scores, vocabularySize()};
}

bool LlamaSource::removeCells(std::int32_t slot, std::int32_t fromPosition) {
  const Place place = placeOf(slot);
  return place.context->removeCells(place.sequence, fromPosition);
}

bool LlamaSource::copyCells(std::int32_t from, std::int32_t to, std::int32_t tokens) {
  const Place source = placeOf(from);
  const Place target = placeOf(to);
  const bool onePool = source.context == target.context && (isUnified() || source.context != streams_.get());
  if (onePool) return source.context->shareCells(source.sequence, target.sequence, tokens);
  if (!target.context->canRestoreFrom(*source.context)) return false;
  // llama_memory_seq_cp between split slots copies the whole share, used or not; through host memory only the
  // cells in use travel.
  return restoreCells(to, saveCells(from)) && removeCells(to, tokens);
}

std::size_t LlamaSource::stateBytes(std::int32_t slot) {
  const Place place = placeOf(slot);
  return place.context->stateBytes(place.sequence);
}

std::vector<std::uint8_t> LlamaSource::saveCells(std::int32_t slot) {
  const Place place = placeOf(slot);
  return place.context->saveCells(place.sequence);
}

bool LlamaSource::restoreCells(std::int32_t slot, std::span<const std::uint8_t> state) {
  const Place place = placeOf(slot);
  return place.context->restoreCells(place.sequence, state);
}

ggml_type kvTypeNamed(std::string_view name) {
  if (name == "f32") return GGML_TYPE_F32;
  return name == "q8_0" ? GGML_TYPE_Q8_0 : GGML_TYPE_F16;
}

}  // namespace glossa
