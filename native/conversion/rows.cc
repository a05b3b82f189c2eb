#include "conversion/rows.h"

#include <algorithm>
#include <functional>
#include <future>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "llama/api.h"

namespace glossa {

namespace {

/// Values converted at a time: they stay in the processor's cache between the two halves of the way.
constexpr std::size_t kRunValues = 16384;

/// The quantised types that convertRows() writes; mixtures of types are the business of llama_model_quantize.
std::optional<ggml_type> quantisedTypeOf(std::string_view name) {
  if (name == "Q8_0") return GGML_TYPE_Q8_0;
  return std::nullopt;
}

/// Writes some whole rows of binary32 values to their place in the target.
using StoreRows = std::function<void(std::span<const float> values, std::size_t firstRow)>;

StoreRows plainStore(const RowsConversion& conversion) {
  const ElementType to = elementTypeOf(conversion.to);
  const std::size_t rowBytes = conversion.columns * sizeOf(to);
  return [&conversion, to, rowBytes](std::span<const float> values, std::size_t firstRow) {
    fromFloats(values, to, conversion.target.data() + firstRow * rowBytes);
  };
}

StoreRows quantisedStore(const RowsConversion& conversion, ggml_type to) {
  return [&conversion, to](std::span<const float> values, std::size_t firstRow) {
    const auto columns = static_cast<std::int64_t>(conversion.columns);
    const std::size_t rowBytes = api().ggml_row_size(to, columns);
    api().ggml_quantize_chunk(to, values.data(), conversion.target.data() + firstRow * rowBytes, 0,
                              static_cast<std::int64_t>(values.size()) / columns, columns, nullptr);
  };
}

void checkSizes(const RowsConversion& conversion, std::optional<ggml_type> quantised) {
  const std::size_t rowBytes = conversion.columns * sizeOf(elementTypeOf(conversion.from));
  if (rowBytes == 0 || conversion.source.size() % rowBytes != 0) {
    throw std::invalid_argument("expected whole rows");
  }
  const auto columns = static_cast<std::int64_t>(conversion.columns);
  if (quantised && columns % api().ggml_blck_size(*quantised) != 0) {
    throw std::invalid_argument("expected rows of whole blocks");
  }
  const std::size_t targetRowBytes = quantised ? api().ggml_row_size(*quantised, columns)
                                               : conversion.columns * sizeOf(elementTypeOf(conversion.to));
  if (conversion.target.size() != conversion.source.size() / rowBytes * targetRowBytes) {
    throw std::invalid_argument("expected a target of the result's size");
  }
}

/// Rows [first, last), a few at a time. Without a store they are only looked through.
ValueFaults convertRange(const RowsConversion& conversion, const StoreRows& store, std::size_t first,
                         std::size_t last) {
  const ElementType from = elementTypeOf(conversion.from);
  const std::size_t rowBytes = conversion.columns * sizeOf(from);
  const std::size_t rowsPerRun = std::max<std::size_t>(1, kRunValues / conversion.columns);
  std::vector<float> run(rowsPerRun * conversion.columns);
  ValueFaults faults;
  for (std::size_t row = first; row < last; row += rowsPerRun) {
    const std::size_t rows = std::min(rowsPerRun, last - row);
    const std::span<float> values(run.data(), rows * conversion.columns);
    toFloats(conversion.source.data() + row * rowBytes, from, values);
    const ValueFaults found = countFaults(values);
    faults.nonFinite += found.nonFinite;
    faults.overflowing += found.overflowing;
    if (store) store(values, row);
  }
  return faults;
}

}  // namespace

ValueFaults convertRows(const RowsConversion& conversion) {
  const auto quantised = quantisedTypeOf(conversion.to);
  checkSizes(conversion, quantised);
  StoreRows store;
  if (quantised) {
    store = quantisedStore(conversion, *quantised);
  } else if (conversion.target.data() != conversion.source.data()) {
    store = plainStore(conversion);
  }
  const std::size_t rows =
      conversion.source.size() / (conversion.columns * sizeOf(elementTypeOf(conversion.from)));
  const std::size_t threads = std::clamp<std::size_t>(rows * conversion.columns / (4 * kRunValues), 1,
                                                      std::max<std::size_t>(1, conversion.threads));
  const auto part = [&](std::size_t index) {
    return convertRange(conversion, store, rows * index / threads, rows * (index + 1) / threads);
  };
  std::vector<std::future<ValueFaults>> others;
  for (std::size_t i = 1; i < threads; ++i) others.push_back(std::async(std::launch::async, part, i));
  ValueFaults sum = part(0);
  for (auto& other : others) {
    const ValueFaults found = other.get();
    sum.nonFinite += found.nonFinite;
    sum.overflowing += found.overflowing;
  }
  return sum;
}

}  // namespace glossa
