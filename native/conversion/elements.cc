#include "conversion/elements.h"

#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>

#include "multiversion.h"

namespace glossa {

namespace {

struct ElementTypeInfo {
  std::string_view name;
  std::size_t size;
};

constexpr std::array<ElementTypeInfo, 4> kElementTypes{{{"F64", 8}, {"F32", 4}, {"F16", 2}, {"BF16", 2}}};

constexpr std::uint32_t kSign = 0x80000000U;
constexpr std::uint32_t kExponent = 0x7f800000U;

inline float floatFromHalf(std::uint16_t half) {
  const std::uint32_t magnitude = half & 0x7fffU;
  // Scaling by 2^112 moves the exponent's bias and makes subnormals normal.
  const std::uint32_t scaled = std::bit_cast<std::uint32_t>(std::bit_cast<float>(magnitude << 13) * 0x1p112F);
  const std::uint32_t special = kExponent | (magnitude << 13);
  const std::uint32_t bits = magnitude >= 0x7c00U ? special : scaled;
  return std::bit_cast<float>(bits | (static_cast<std::uint32_t>(half & 0x8000U) << 16));
}

inline std::uint16_t halfFromFloat(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t magnitude = bits & ~kSign;
  // Normal: the bias shrinks by 112; rounding up may carry into the exponent, up to infinity.
  const std::uint32_t normal = (magnitude - 0x38000000U + 0xfffU + ((magnitude >> 13) & 1U)) >> 13;
  // Subnormal: adding 0.5 leaves multiples of 2^-24 in the low bits, rounded by the addition itself.
  const std::uint32_t subnormal =
      std::bit_cast<std::uint32_t>(std::bit_cast<float>(magnitude) + 0.5F) - 0x3f000000U;
  const std::uint32_t payload = (magnitude >> 13) & 0x3ffU;
  // Of a NaN's payload one bit must be set lest it become infinity.
  const std::uint32_t nan = 0x7c00U | (payload == 0 ? 1U : payload);
  std::uint32_t half = magnitude >= 0x38800000U ? normal : subnormal;
  half = magnitude >= 0x47800000U ? 0x7c00U : half;
  half = magnitude > kExponent ? nan : half;
  return static_cast<std::uint16_t>(half | ((bits >> 16) & 0x8000U));
}

inline float floatFromBfloat(std::uint16_t bfloat) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bfloat) << 16);
}

inline std::uint16_t bfloatFromFloat(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  // May carry from the largest finite values into infinity.
  const std::uint32_t rounded = (bits + 0x7fffU + ((bits >> 16) & 1U)) >> 16;
  const std::uint32_t nan = (bits >> 16) | 0x40U;
  return static_cast<std::uint16_t>((bits & ~kSign) > kExponent ? nan : rounded);
}

inline float floatFromDouble(double value) {
  return static_cast<float>(value);
}

/// Elements may lie at any address, so they are copied into place rather than pointed at.
template <typename Element, float (*Widen)(Element)>
inline void widenAll(const std::byte* source, std::span<float> target) {
  for (std::size_t i = 0; i < target.size(); ++i) {
    Element element;
    std::memcpy(&element, source + i * sizeof(Element), sizeof(Element));
    target[i] = Widen(element);
  }
}

template <std::uint16_t (*Narrow)(float)>
inline void narrowAll(std::span<const float> source, std::byte* target) {
  for (std::size_t i = 0; i < source.size(); ++i) {
    const std::uint16_t element = Narrow(source[i]);
    std::memcpy(target + i * sizeof(element), &element, sizeof(element));
  }
}

GLOSSA_MULTIVERSION
void widenDoubles(const std::byte* source, std::span<float> target) {
  widenAll<double, floatFromDouble>(source, target);
}

GLOSSA_MULTIVERSION
void widenHalves(const std::byte* source, std::span<float> target) {
  widenAll<std::uint16_t, floatFromHalf>(source, target);
}

GLOSSA_MULTIVERSION
void widenBfloats(const std::byte* source, std::span<float> target) {
  widenAll<std::uint16_t, floatFromBfloat>(source, target);
}

GLOSSA_MULTIVERSION
void narrowToHalves(std::span<const float> source, std::byte* target) {
  narrowAll<halfFromFloat>(source, target);
}

GLOSSA_MULTIVERSION
void narrowToBfloats(std::span<const float> source, std::byte* target) {
  narrowAll<bfloatFromFloat>(source, target);
}

}  // namespace

ElementType elementTypeOf(std::string_view name) {
  for (std::size_t i = 0; i < kElementTypes.size(); ++i) {
    if (kElementTypes[i].name == name) return static_cast<ElementType>(i);
  }
  throw std::invalid_argument("expected F64, F32, F16 or BF16, received " + std::string(name));
}

std::size_t sizeOf(ElementType type) {
  return kElementTypes[static_cast<std::size_t>(type)].size;
}

void toFloats(const std::byte* source, ElementType from, std::span<float> target) {
  switch (from) {
    case ElementType::F64:
      return widenDoubles(source, target);
    case ElementType::F32:
      std::memcpy(target.data(), source, target.size_bytes());
      return;
    case ElementType::F16:
      return widenHalves(source, target);
    case ElementType::BF16:
      return widenBfloats(source, target);
  }
}

void fromFloats(std::span<const float> source, ElementType to, std::byte* target) {
  switch (to) {
    case ElementType::F32:
      std::memcpy(target, source.data(), source.size_bytes());
      return;
    case ElementType::F16:
      return narrowToHalves(source, target);
    case ElementType::BF16:
      return narrowToBfloats(source, target);
    case ElementType::F64:
      throw std::invalid_argument("GGUF tensors are not written as F64");
  }
}

GLOSSA_MULTIVERSION
ValueFaults countFaults(std::span<const float> values) {
  constexpr float kHalfOverflow = 65520.0F;
  std::size_t nonFinite = 0;
  std::size_t large = 0;
  for (const float value : values) {
    const auto magnitude = std::bit_cast<std::uint32_t>(value) & ~kSign;
    nonFinite += magnitude >= kExponent ? 1 : 0;
    large += magnitude >= std::bit_cast<std::uint32_t>(kHalfOverflow) ? 1 : 0;
  }
  return {nonFinite, large - nonFinite};
}

}  // namespace glossa
