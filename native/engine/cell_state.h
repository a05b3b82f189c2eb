// The bytes in which llama.cpp saves the cells of one sequence.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace glossa {

/// Number of streams of the KV cache that a state was saved from: 1 if it is one pool for all sequences,
/// otherwise one for each of them; 0 if the bytes are no state. llama.cpp restores it only where they are as
/// many.
std::uint32_t streamsOf(std::span<const std::uint8_t> state);

/// The same cells as saved from a cache with another number of streams. Only for models whose cells are one
/// plain KV cache (Model::hasPlainCells). Empty if the bytes are not as expected.
std::vector<std::uint8_t> withStreams(std::span<const std::uint8_t> state, std::uint32_t streams);

}  // namespace glossa
