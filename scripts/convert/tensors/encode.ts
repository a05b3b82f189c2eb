import type { ValueFaults } from '../../../src/engine/addon.js';
import { convertRows } from '../../../src/engine/convert-rows.js';
import { DTYPE_BYTES } from '../checkpoint.js';
import { FormatError } from '../format-error.js';
import { type GgmlTypeName, tensorBytes } from '../gguf/ggml-types.js';
import type { TypedData } from './transform.js';

/** Tensor types that hold one value per element. */
export type PlainType = 'F32' | 'F16' | 'BF16';
/** Tensor types that the converter writes itself; mixtures of others come from llama.cpp's quantiser. */
export type WrittenType = PlainType | 'Q8_0';

/** What a tensor becomes. */
export interface Encoding {
  readonly type: WrittenType;
  /** Elements of a row. */
  readonly columns: number;
  /** Default: as many as there are cores. */
  readonly threads?: number | undefined;
}

/** A tensor's data as it stands in a file. */
export interface EncodedTensor {
  readonly data: Uint8Array<ArrayBuffer>;
  /** What was seen in the values before they were rounded to the new type. */
  readonly faults: ValueFaults;
}

/**
 * A tensor's data in another type. Values go through binary32, as in llama.cpp's own converter: F64 is rounded to
 * it first.
 *
 * @returns memory of its own, or the same where the type stays
 */
export async function encodeTensor({ data, dtype }: TypedData, encoding: Encoding): Promise<EncodedTensor> {
  const { type, columns, threads } = encoding;
  if (data.length === 0) return { data, faults: { nonFinite: 0, overflowing: 0 } };
  const target =
    dtype === type ? data : new Uint8Array(encodedBytes(type, data.length / DTYPE_BYTES[dtype], columns));
  const faults = await convertRows({ data, from: dtype, to: type, columns, threads }, target);
  return { data: target, faults };
}

function encodedBytes(type: GgmlTypeName, count: number, columns: number): number {
  const bytes = tensorBytes(type, [columns, count / columns]);
  if (bytes === undefined) throw new FormatError('GGUF', `rows of ${columns} elements cannot be ${type}`);
  return bytes;
}
