// The random numbers of torch's CPU generator.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace glossa {

/// Mersenne Twister 19937 (Matsumoto and Nishimura 1998), 32 bits.
class MersenneTwister {
 public:
  explicit MersenneTwister(std::uint32_t seed);

  std::uint32_t next() {
    if (position_ == kSize) refill();
    return temper(state_[position_++]);
  }
  /// Leaves out `count` numbers.
  void skip(std::uint64_t count);

 private:
  static constexpr std::size_t kSize = 624;

  static std::uint32_t temper(std::uint32_t word) {
    word ^= word >> 11;
    word ^= (word << 7) & 0x9D2C5680U;
    word ^= (word << 15) & 0xEFC60000U;
    return word ^ (word >> 18);
  }
  void refill();

  std::array<std::uint32_t, kSize> state_;
  std::size_t position_ = kSize;
};

/// Tensor.exponential_() after torch.manual_seed(seed), one variate after the other.
class TorchExponentials {
 public:
  /// torch seeds with the low 32 bits.
  explicit TorchExponentials(std::uint64_t seed) : bits_(static_cast<std::uint32_t>(seed)) {}

  /// The next uniform number in [0, 1); its variate is variateOf() of it, and never less than it.
  double nextUniform() {
    const std::uint64_t high = bits_.next();
    const std::uint64_t both = (high << 32) | bits_.next();
    return static_cast<double>(both & ((std::uint64_t{1} << 53) - 1)) * 0x1.0p-53;
  }
  /// Exp(1), inverted in double and rounded, as torch does.
  static float variateOf(double uniform) { return static_cast<float>(-std::log(1.0 - uniform)); }
  /// Leaves out `count` variates.
  void skip(std::uint64_t count) { bits_.skip(2 * count); }

 private:
  MersenneTwister bits_;
};

}  // namespace glossa
