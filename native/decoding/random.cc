#include "decoding/random.h"

namespace glossa {

namespace {

constexpr std::uint32_t kMultiplier0 = 0xD2511F53;
constexpr std::uint32_t kMultiplier1 = 0xCD9E8D57;
constexpr std::uint32_t kWeyl0 = 0x9E3779B9;
constexpr std::uint32_t kWeyl1 = 0xBB67AE85;
constexpr int kRounds = 10;

std::uint32_t high(std::uint64_t value) {
  return static_cast<std::uint32_t>(value >> 32);
}
std::uint32_t low(std::uint64_t value) {
  return static_cast<std::uint32_t>(value);
}

/// The 53 leading bits of two words.
double uniformOf(std::uint32_t leading, std::uint32_t trailing) {
  const std::uint64_t mantissa = (std::uint64_t{leading} << 21) | (trailing >> 11);
  return static_cast<double>(mantissa) * 0x1.0p-53;
}

}  // namespace

std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                        std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < kRounds; ++round) {
    const std::uint64_t product0 = std::uint64_t{kMultiplier0} * counter[0];
    const std::uint64_t product1 = std::uint64_t{kMultiplier1} * counter[2];
    counter = {high(product1) ^ counter[1] ^ key[0], low(product1), high(product0) ^ counter[3] ^ key[1],
               low(product0)};
    key[0] += kWeyl0;
    key[1] += kWeyl1;
  }
  return counter;
}

UniformPair RandomStream::uniformPair(std::uint64_t step, std::uint32_t draw) const {
  const auto bits = philox4x32({low(step), high(step), sequence_, draw}, {low(seed_), high(seed_)});
  return {uniformOf(bits[0], bits[1]), uniformOf(bits[2], bits[3])};
}

}  // namespace glossa
