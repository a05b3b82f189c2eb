import { DTYPE_BYTES, type FloatDtype } from '../checkpoint.js';
import { bfloatFromFloatBits, floatBitsFromHalf, halfFromFloatBits } from './half.js';

/** Tensor types that the converter writes itself; all others come from llama.cpp's quantiser. */
export type PlainType = 'F32' | 'F16' | 'BF16';

const SAME_BITS: Readonly<Record<PlainType, FloatDtype>> = { F32: 'F32', F16: 'F16', BF16: 'BF16' };
/** Elements converted at a time: bounds the memory beside the tensor itself. */
const CHUNK = 1024 * 1024;

/**
 * A tensor's data in another element type, piece by piece; each piece is valid until the next is asked for.
 * Values go through binary32, as in llama.cpp's own converter: F64 is rounded to it first.
 *
 * @param data elements of `dtype`, starting at offset 0 of its memory
 */
export function* encodeTensor(
  data: Uint8Array<ArrayBuffer>,
  dtype: FloatDtype,
  type: PlainType,
): Generator<Uint8Array> {
  if (dtype === SAME_BITS[type]) {
    yield data;
    return;
  }
  const load = LOADERS[dtype];
  const store = STORERS[type];
  const count = data.length / DTYPE_BYTES[dtype];
  const floats = new Uint32Array(Math.min(CHUNK, count));
  for (let start = 0; start < count; start += CHUNK) {
    const chunk = floats.subarray(0, Math.min(CHUNK, count - start));
    load(data.buffer, start, chunk);
    yield store(chunk);
  }
}

/** Reads elements from `start` on into bits of binary32. */
type Loader = (source: ArrayBuffer, start: number, target: Uint32Array<ArrayBuffer>) => void;

const LOADERS: Readonly<Record<FloatDtype, Loader>> = {
  F64: (source, start, target) => {
    new Float32Array(target.buffer, 0, target.length).set(new Float64Array(source, start * 8, target.length));
  },
  F32: (source, start, target) => {
    target.set(new Uint32Array(source, start * 4, target.length));
  },
  F16: (source, start, target) => {
    const halves = new Uint16Array(source, start * 2, target.length);
    for (let index = 0; index < target.length; index += 1)
      target[index] = floatBitsFromHalf(halves[index] ?? 0);
  },
  BF16: (source, start, target) => {
    const values = new Uint16Array(source, start * 2, target.length);
    for (let index = 0; index < target.length; index += 1) target[index] = (values[index] ?? 0) * 0x10000;
  },
};

type Storer = (floats: Uint32Array<ArrayBuffer>) => Uint8Array;

const STORERS: Readonly<Record<PlainType, Storer>> = {
  F32: (floats) => new Uint8Array(floats.buffer, 0, floats.byteLength),
  F16: (floats) => toUint16(floats, halfFromFloatBits),
  BF16: (floats) => toUint16(floats, bfloatFromFloatBits),
};

function toUint16(floats: Uint32Array, convert: (bits: number) => number): Uint8Array {
  const target = new Uint16Array(floats.length);
  for (let index = 0; index < target.length; index += 1) target[index] = convert(floats[index] ?? 0);
  return new Uint8Array(target.buffer);
}
