// IEEE 754 binary16 and bfloat16, on bit patterns, so that NaN payloads and signed zeros survive. Rounding is to
// nearest, ties to even; NaNs convert as in numpy's casts.

const EXPONENT_MASK = 0x7f800000;

/** Bits of the binary16 nearest to a binary32 given by its bits (unsigned); too large becomes infinity. */
export function halfFromFloatBits(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude >= 0x47800000) {
    if (magnitude <= EXPONENT_MASK) return sign | 0x7c00;
    // A NaN keeps the upper bits of its payload, of which one must be set lest it become infinity.
    return sign | 0x7c00 | ((magnitude >>> 13) & 0x3ff || 1);
  }
  if (magnitude >= 0x38800000) {
    // Normal: from 2^-14. The exponent's bias shrinks by 112; rounding up may carry into it, up to infinity.
    const rebiased = magnitude - 0x38000000;
    return sign | ((rebiased + 0xfff + ((rebiased >>> 13) & 1)) >>> 13);
  }
  // Below half of the smallest subnormal.
  if (magnitude < 0x33000000) return sign;
  return sign | subnormalHalf(magnitude);
}

function subnormalHalf(magnitude: number): number {
  const significand = (magnitude & 0x7fffff) | 0x800000;
  const shift = 126 - (magnitude >>> 23);
  const half = significand >>> shift;
  const rest = significand & ((1 << shift) - 1);
  const middle = 1 << (shift - 1);
  return rest > middle || (rest === middle && (half & 1) === 1) ? half + 1 : half;
}

/** Bits of the binary32 equal to a binary16 given by its bits. */
export function floatBitsFromHalf(half: number): number {
  const sign = (half & 0x8000) * 0x10000;
  const exponent = (half >>> 10) & 0x1f;
  const significand = half & 0x3ff;
  if (exponent === 0x1f) return sign + EXPONENT_MASK + significand * 0x2000;
  if (exponent !== 0) return sign + (exponent + 112) * 0x800000 + significand * 0x2000;
  if (significand === 0) return sign;
  // Subnormal: significand x 2^-24, normal in binary32. clz32 finds its leading bit.
  const leading = 31 - Math.clz32(significand);
  return sign + (leading + 103) * 0x800000 + ((significand << (23 - leading)) & 0x7fffff);
}

/** Bits of the bfloat16 nearest to a binary32 given by its bits (unsigned). */
export function bfloatFromFloatBits(bits: number): number {
  if ((bits & 0x7fffffff) > EXPONENT_MASK) return (bits >>> 16) | 0x40;
  // As ggml: may carry from the largest finite values into infinity.
  return Math.floor((bits + 0x7fff + ((bits >>> 16) & 1)) / 0x10000);
}
