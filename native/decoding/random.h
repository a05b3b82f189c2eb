#pragma once

#include <array>
#include <cstdint>

namespace glossa {

/// Philox4x32-10 (Salmon et al. 2011): random bits as a pure function of key and counter.
std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                        std::array<std::uint32_t, 2> key);

/// Two independent numbers in [0, 1), of 53 bits each.
struct UniformPair {
  double first;
  double second;
};

/// The random numbers of one sequence: a pure function of (seed, sequence index, step), so that neither other
/// requests nor a preemption in between can change them.
class RandomStream {
 public:
  RandomStream(std::uint64_t seed, std::uint32_t sequence) : seed_(seed), sequence_(sequence) {}

  /// Uniform in [0, 1) with 53 bits, for the `step`-th generated token.
  double uniform(std::uint64_t step) const { return uniformPair(step, 0).first; }
  /// The `draw`-th pair for that token, where it takes several draws to choose it.
  UniformPair uniformPair(std::uint64_t step, std::uint32_t draw) const;

 private:
  std::uint64_t seed_;
  std::uint32_t sequence_;
};

}  // namespace glossa
