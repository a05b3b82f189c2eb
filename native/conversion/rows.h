// Whole tensors from a checkpoint's element type to a GGUF tensor type, on several threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "conversion/elements.h"

namespace glossa {

/// A row-major tensor to convert; blocks of quantised types run along its rows.
struct RowsConversion {
  std::span<const std::byte> source;
  /// "F64", "F32", "F16" or "BF16".
  std::string from;
  /// ggml's name in upper case: "F32", "F16", "BF16", "Q8_0", ...
  std::string to;
  std::size_t columns = 0;
  /// Where the result goes; the source's own memory if `to` is `from`, which then is only looked through.
  std::span<std::byte> target;
  std::size_t threads = 1;
};

/// Converts through binary32. Quantised types are ggml's own (ggml_quantize_chunk without importance matrix).
/// Called off the JavaScript thread; starts threads of its own and joins them.
/// @throws std::invalid_argument if a type is unknown or sizes do not match
ValueFaults convertRows(const RowsConversion& conversion);

}  // namespace glossa
