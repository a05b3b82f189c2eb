#pragma once

#include <cstddef>
#include <span>

namespace glossa {

/// A weight, the two factors of what is added to it, and how. All matrices are row-major.
struct LowRankUpdate {
  std::span<float> weight;   ///< [rows, columns], or [columns, rows] where it is stored transposed
  std::span<const float> b;  ///< [rows, rank]
  std::span<const float> a;  ///< [rank, columns]
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::size_t rank = 0;
  float scale = 1;
  bool transposed = false;
  std::size_t threads = 1;  ///< At most; small updates take fewer.
};

/// weight += scale * (b @ a), or its transpose, in binary32: an element's product is summed up over the rank
/// in order, then scaled, then added, as PEFT does (get_delta_weight). Threads of its own take a share of
/// the rows each; the result does not depend on their number. Blocks; not for the JavaScript thread.
/// @throws std::bad_alloc
void addLowRank(const LowRankUpdate& update);

}  // namespace glossa
