#include "engine/cell_state.h"

#include <algorithm>
#include <cstring>
#include <optional>

namespace glossa {

namespace {

/// What a state begins with. For every stream a count of cells follows, and those cells; all streams but the
/// sequence's own are empty. (llama_kv_cache::state_write.)
struct Header {
  std::uint32_t magic;
  std::int32_t sequence;
  std::uint32_t streams;
};
using Count = std::uint32_t;

bool allZero(std::span<const std::uint8_t> bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; });
}

std::optional<Header> headerOf(std::span<const std::uint8_t> state) {
  if (state.size() < sizeof(Header)) return std::nullopt;
  Header header;
  std::memcpy(&header, state.data(), sizeof(Header));
  return header;
}

/// What was saved of the sequence's own stream, its count included.
std::span<const std::uint8_t> ownStream(std::span<const std::uint8_t> state, const Header& header) {
  const std::size_t own = header.streams == 1 ? 0 : static_cast<std::size_t>(header.sequence);
  if (header.sequence < 0 || own >= header.streams) return {};
  const auto counts = state.subspan(sizeof(Header));
  const std::size_t before = own * sizeof(Count);
  const std::size_t after = (header.streams - 1 - own) * sizeof(Count);
  if (counts.size() < before + sizeof(Count) + after) return {};
  if (!allZero(counts.first(before)) || !allZero(counts.last(after))) return {};
  return counts.subspan(before, counts.size() - before - after);
}

}  // namespace

std::uint32_t streamsOf(std::span<const std::uint8_t> state) {
  const auto header = headerOf(state);
  return header ? header->streams : 0;
}

std::vector<std::uint8_t> withStreams(std::span<const std::uint8_t> state, std::uint32_t streams) {
  auto header = headerOf(state);
  if (!header || streams == 0) return {};
  const auto own = ownStream(state, *header);
  if (own.empty()) return {};
  header->sequence = 0;
  header->streams = streams;
  std::vector<std::uint8_t> converted(sizeof(Header) + own.size() + (streams - 1) * sizeof(Count));
  std::memcpy(converted.data(), &*header, sizeof(Header));
  std::copy(own.begin(), own.end(), converted.begin() + sizeof(Header));
  return converted;
}

}  // namespace glossa
