import type { FloatDtype } from '../checkpoint.js';
import type { PlainType } from './encode.js';

/** What converting a tensor's values would lose or spoil. */
export interface ValueFaults {
  /** NaN and infinite values in the checkpoint. */
  readonly nonFinite: number;
  /** Finite values that F16 cannot hold and that become infinite. */
  readonly overflowing: number;
}

/** Smallest magnitude that rounds to infinity in F16: halfway between its largest value and 65536. */
const F16_OVERFLOW = 65_520;

/** Looks a tensor's values through. `data` starts at offset 0 of its memory. */
export function inspectValues(
  data: Uint8Array<ArrayBuffer>,
  dtype: FloatDtype,
  type: PlainType,
): ValueFaults {
  if (dtype === 'F16') return { nonFinite: countPattern(data, 0x7c00), overflowing: 0 };
  if (dtype === 'BF16' && type !== 'F16') return { nonFinite: countPattern(data, 0x7f80), overflowing: 0 };
  const limit = type === 'F16' ? F16_OVERFLOW : Infinity;
  if (dtype === 'F64') return countFaults(new Float64Array(data.buffer), limit);
  if (dtype === 'F32') return countFaults(new Float32Array(data.buffer), limit);
  return countFaults(widen(data), limit);
}

/** 16-bit values whose exponent bits, given as a mask, are all set. */
function countPattern(data: Uint8Array<ArrayBuffer>, mask: number): number {
  let count = 0;
  for (const bits of new Uint16Array(data.buffer)) if ((bits & mask) === mask) count += 1;
  return count;
}

function countFaults(values: Float32Array | Float64Array, limit: number): ValueFaults {
  let nonFinite = 0;
  let overflowing = 0;
  for (const value of values) {
    if (Math.abs(value) < limit) continue;
    if (Number.isFinite(value)) overflowing += 1;
    else nonFinite += 1;
  }
  return { nonFinite, overflowing };
}

function widen(data: Uint8Array<ArrayBuffer>): Float32Array {
  const bits = Uint32Array.from(new Uint16Array(data.buffer), (value) => value * 0x10000);
  return new Float32Array(bits.buffer);
}
