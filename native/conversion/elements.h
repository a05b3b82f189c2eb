// Element types of checkpoints and of GGUF tensors, converted a run of values at a time. IEEE 754 rounding to
// nearest, ties to even; the result depends on nothing but the values. Called on any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace glossa {

/// Types whose elements stand alone.
enum class ElementType : std::uint8_t { F64, F32, F16, BF16 };

/// @throws std::invalid_argument for any other name than "F64", "F32", "F16" and "BF16"
ElementType elementTypeOf(std::string_view name);

/// Bytes of one element.
std::size_t sizeOf(ElementType type);

/// Widens (F64: rounds) elements to binary32. `source` holds target.size() elements of type `from`.
void toFloats(const std::byte* source, ElementType from, std::span<float> target);

/// Rounds binary32 values to F32, F16 or BF16. A NaN keeps the upper bits of its payload in F16, as in
/// numpy's casts, and becomes quiet in BF16, as in ggml.
void fromFloats(std::span<const float> source, ElementType to, std::byte* target);

/// Values that a reader should hear of.
struct ValueFaults {
  std::size_t nonFinite = 0;  // NaN or infinite
  /// Finite values that binary16 cannot hold: from 65,520 on, halfway between its largest value and 65,536.
  std::size_t overflowing = 0;
};

ValueFaults countFaults(std::span<const float> values);

}  // namespace glossa
