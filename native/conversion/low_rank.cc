#include "conversion/low_rank.h"

#include <algorithm>
#include <array>
#include <system_error>
#include <thread>
#include <vector>

namespace glossa {

namespace {

/// Columns whose sums are kept in registers: 8 of 4 floats, half of what SSE and NEON have. One row at a
/// time: with several, compilers vectorise across the rows and shuffle.
constexpr std::size_t kTileColumns = 32;
/// Columns handled at a time, so that their part of `a` stays in the processor's cache while rows go by.
constexpr std::size_t kBlockColumns = 64;
/// Multiplications below which another thread costs more than it saves.
constexpr std::size_t kWorkPerThread = 8'000'000;

/// weight [rows, columns] += scale * (left [rows, rank] @ right [rank, columns])
struct Product {
  float* weight;
  const float* left;
  const float* right;
  std::size_t columns;
  std::size_t rank;
  float scale;
};

/// `width` columns of a row, at most a tile. `right` is a block of kBlockColumns columns, packed. Called with
/// a constant for whole tiles, so that the compiler unrolls and vectorises it.
inline void addTile(const Product& product, const float* right, std::size_t row, std::size_t column,
                    std::size_t width) {
  std::array<float, kTileColumns> sums{};
  const float* left = product.left + row * product.rank;
  for (std::size_t k = 0; k < product.rank; ++k) {
    const float* line = right + k * kBlockColumns;
    for (std::size_t c = 0; c < width; ++c) sums[c] += left[k] * line[c];
  }
  float* target = product.weight + row * product.columns + column;
  for (std::size_t c = 0; c < width; ++c) target[c] += product.scale * sums[c];
}

void addBlock(const Product& product, const float* packed, std::size_t column, std::size_t width,
              std::size_t firstRow, std::size_t lastRow) {
  for (std::size_t row = firstRow; row < lastRow; ++row) {
    for (std::size_t c = 0; c < width; c += kTileColumns) {
      if (width - c >= kTileColumns)
        addTile(product, packed + c, row, column + c, kTileColumns);
      else
        addTile(product, packed + c, row, column + c, width - c);
    }
  }
}

/// Rows from firstRow up to lastRow; threads may work on rows of their own beside each other.
/// @param packed room for rank * kBlockColumns floats
void addRows(const Product& product, std::vector<float>& packed, std::size_t firstRow, std::size_t lastRow) {
  for (std::size_t column = 0; column < product.columns; column += kBlockColumns) {
    const std::size_t width = std::min(kBlockColumns, product.columns - column);
    for (std::size_t k = 0; k < product.rank; ++k) {
      std::copy_n(product.right + k * product.columns + column, width, packed.data() + k * kBlockColumns);
    }
    addBlock(product, packed.data(), column, width, firstRow, lastRow);
  }
}

std::vector<float> transposed(std::span<const float> matrix, std::size_t rows, std::size_t columns) {
  std::vector<float> result(matrix.size());
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t column = 0; column < columns; ++column)
      result[column * rows + row] = matrix[row * columns + column];
  }
  return result;
}

std::size_t threadsFor(std::size_t rows, const Product& product, std::size_t most) {
  const std::size_t work = rows * product.columns * product.rank / kWorkPerThread;
  return std::max<std::size_t>(1, std::min({work, most, rows}));
}

/// Threads that are waited for, whatever happens.
class Threads {
 public:
  Threads() = default;
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;
  ~Threads() {
    for (std::thread& thread : threads_) thread.join();
  }
  template <typename Work>
  void add(Work work) {
    threads_.emplace_back(work);
  }

 private:
  std::vector<std::thread> threads_;
};

void add(const Product& product, std::size_t rows, std::size_t mostThreads) {
  const std::size_t count = threadsFor(rows, product, mostThreads);
  // Scratch memory is allocated here, so that nothing throws in a thread.
  const std::size_t share = rows / count + 1;
  std::vector<std::vector<float>> packed(count, std::vector<float>(product.rank * kBlockColumns));
  Threads threads;
  for (std::size_t index = 0; index * share < rows; ++index) {
    const auto work = [&product, &scratch = packed[index], first = index * share,
                       last = std::min(rows, (index + 1) * share)] {
      addRows(product, scratch, first, last);
    };
    if (index + 1 == count) {
      work();
      continue;
    }
    try {
      threads.add(work);
    } catch (const std::system_error&) {
      work();  // no thread to be had: here, then
    }
  }
}

}  // namespace

void addLowRank(const LowRankUpdate& update) {
  const auto& [weight, b, a, rows, columns, rank, scale, isTransposed, threads] = update;
  if (weight.empty() || rank == 0) return;
  if (!isTransposed) {
    add({weight.data(), b.data(), a.data(), columns, rank, scale}, rows, threads);
    return;
  }
  // (b @ a) transposed is a transposed @ b transposed; the factors are small.
  const std::vector<float> left = transposed(a, rank, columns);
  const std::vector<float> right = transposed(b, rows, rank);
  add({weight.data(), left.data(), right.data(), rows, rank, scale}, columns, threads);
}

}  // namespace glossa
