#include "node/base64.h"

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace glossa {

std::string base64(std::span<const std::byte> bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  constexpr std::size_t kGroup = 3;
  constexpr std::size_t kGroupDigits = 4;
  constexpr std::uint32_t kDigitBits = 6;
  constexpr std::uint32_t kByteBits = 8;
  constexpr std::uint32_t kDigitMask = (1U << kDigitBits) - 1;
  std::string text((bytes.size() + kGroup - 1) / kGroup * kGroupDigits, '=');
  auto out = text.begin();
  for (std::size_t start = 0; start < bytes.size(); start += kGroup) {
    const auto group = bytes.subspan(start, std::min(kGroup, bytes.size() - start));
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < kGroup; ++i) {
      bits = (bits << kByteBits) | (i < group.size() ? std::to_integer<std::uint32_t>(group[i]) : 0U);
    }
    // So many bytes need one digit more; the rest stays padding.
    for (std::size_t digit = 0; digit <= group.size(); ++digit) {
      const auto shift = static_cast<std::uint32_t>(kGroupDigits - 1 - digit) * kDigitBits;
      *(out + static_cast<std::ptrdiff_t>(digit)) = kDigits[(bits >> shift) & kDigitMask];
    }
    out += kGroupDigits;
  }
  return text;
}

}  // namespace glossa
