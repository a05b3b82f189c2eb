#include "decoding/torch_random.h"

#include <algorithm>

#include "multiversion.h"

namespace glossa {

namespace {

constexpr std::size_t kShift = 397;

std::uint32_t twist(std::uint32_t upper, std::uint32_t lower) {
  const std::uint32_t mixed = (upper & 0x80000000U) | (lower & 0x7FFFFFFFU);
  return (mixed >> 1) ^ ((lower & 1U) != 0 ? 0x9908B0DFU : 0U);
}

GLOSSA_MULTIVERSION
void twistAll(std::uint32_t* state, std::size_t size) {
  const std::size_t split = size - kShift;
  for (std::size_t i = 0; i < split; ++i) state[i] = state[i + kShift] ^ twist(state[i], state[i + 1]);
  for (std::size_t i = split; i < size - 1; ++i) state[i] = state[i - split] ^ twist(state[i], state[i + 1]);
  state[size - 1] = state[kShift - 1] ^ twist(state[size - 1], state[0]);
}

}  // namespace

MersenneTwister::MersenneTwister(std::uint32_t seed) {
  state_[0] = seed;
  for (std::size_t i = 1; i < kSize; ++i) {
    const std::uint32_t previous = state_[i - 1];
    state_[i] = 1812433253U * (previous ^ (previous >> 30)) + static_cast<std::uint32_t>(i);
  }
}

void MersenneTwister::refill() {
  twistAll(state_.data(), kSize);
  position_ = 0;
}

void MersenneTwister::skip(std::uint64_t count) {
  while (count > 0) {
    if (position_ == kSize) refill();
    const std::uint64_t step = std::min<std::uint64_t>(count, kSize - position_);
    position_ += static_cast<std::size_t>(step);
    count -= step;
  }
}

}  // namespace glossa
