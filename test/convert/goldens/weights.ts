/** Element types that recipes use, with the bits of an integer that each holds exactly. */
const BITS = { F64: 32, F32: 24, F16: 11, BF16: 8 } as const;

export type RecipeDtype = keyof typeof BITS;

/** "matrix": uniform in [-1/4, 1/4); "wide": in [-1, 1); "small": in [-1/64, 1/64); "norm": 1 + k/128 in [1, 2). */
export type WeightKind = 'matrix' | 'wide' | 'small' | 'norm';

const DIVISORS: Readonly<Record<Exclude<WeightKind, 'norm'>, number>> = { matrix: 4, wide: 1, small: 64 };
const GOLDEN = 0x9e3779b9;

/** FNV-1a, 32 bits, of the UTF-8 bytes. */
function hashName(text: string): number {
  let state = 2_166_136_261;
  for (const byte of Buffer.from(text)) state = Math.imul(state ^ byte, 16_777_619);
  return state >>> 0;
}

/** MurmurHash3's finaliser. */
function mix(value: number): number {
  let x = value ^ (value >>> 16);
  x = Math.imul(x, 0x85ebca6b);
  x ^= x >>> 13;
  x = Math.imul(x, 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

/**
 * The values of one tensor of a recipe, which follow from seed, name and index alone and are exact in `dtype`;
 * scripts/goldens/weights.py holds the same arithmetic.
 */
export function weightValues(
  seed: number,
  name: string,
  length: number,
  dtype: RecipeDtype,
  kind: WeightKind,
): Float64Array {
  const start = hashName(`${seed}/${name}`);
  const bits = BITS[dtype];
  const half = 2 ** (bits - 1);
  return Float64Array.from({ length }, (_, index) => {
    const hashed = mix((Math.imul(index, GOLDEN) + start) >>> 0);
    if (kind === 'norm') return 1 + (hashed >>> 25) / 128;
    return ((bits === 32 ? hashed : hashed >>> (32 - bits)) - half) / half / DIVISORS[kind];
  });
}

/** The top bits of a number in the next narrower format, exact because the values are. */
const ENCODERS: Readonly<Record<RecipeDtype, (values: Float64Array) => Uint8Array>> = {
  F64: (values) => new Uint8Array(Float64Array.from(values).buffer),
  F32: (values) => new Uint8Array(Float32Array.from(values).buffer),
  F16: (values) => new Uint8Array(Uint16Array.from(values, halfBits).buffer),
  BF16: (values) =>
    new Uint8Array(
      Uint16Array.from(new Uint32Array(Float32Array.from(values).buffer), (bits) => bits >>> 16).buffer,
    ),
};

/** Bits of a binary16 that holds the value exactly; written here anew, so that no test trusts the converter's. */
function halfBits(value: number): number {
  if (value === 0) return 0;
  const sign = value < 0 ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  const exponent = Math.floor(Math.log2(magnitude));
  if (exponent < -14) return sign | (magnitude * 2 ** 24);
  return sign | ((exponent + 15) << 10) | ((magnitude / 2 ** exponent - 1) * 1024);
}

/** A tensor's data as it lies in a checkpoint: row-major, little-endian. */
export function weightBytes(values: Float64Array, dtype: RecipeDtype): Uint8Array {
  return ENCODERS[dtype](values);
}
