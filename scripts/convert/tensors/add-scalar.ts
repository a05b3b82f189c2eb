import { encodeTensor } from './encode.js';
import type { TypedData } from './transform.js';

/**
 * Adds a number to every element as torch does after llama.cpp's converter has widened the tensor: F16 stays
 * F16 and is rounded once, everything else becomes F32.
 */
export function addScalar({ data, dtype }: TypedData, value: number): TypedData {
  const floats = toFloat32(data, dtype);
  for (let index = 0; index < floats.length; index += 1) floats[index] = (floats[index] ?? 0) + value;
  const bytes = new Uint8Array(floats.buffer);
  if (dtype !== 'F16') return { data: bytes, dtype: 'F32' };
  return { data: concatenate(encodeTensor(bytes, 'F32', 'F16'), data.length), dtype };
}

function toFloat32(data: Uint8Array<ArrayBuffer>, dtype: TypedData['dtype']): Float32Array<ArrayBuffer> {
  if (dtype === 'F32') return new Float32Array(data.slice().buffer);
  const count = data.length / { F64: 8, F16: 2, BF16: 2 }[dtype];
  return new Float32Array(concatenate(encodeTensor(data, dtype, 'F32'), count * 4).buffer);
}

function concatenate(pieces: Iterable<Uint8Array>, length: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(length);
  let offset = 0;
  for (const piece of pieces) {
    whole.set(piece, offset);
    offset += piece.length;
  }
  return whole;
}
