import { DTYPE_BYTES, type FloatDtype } from '../checkpoint.js';
import { FormatError } from '../format-error.js';
import { addScalar } from './add-scalar.js';
import { transpose } from './transpose.js';

/**
 * What a tensor's values undergo on their way into the file, apart from their type. Rows are counted along
 * the first dimension of the shape in the checkpoint; biases have rows of one element.
 */
export type TensorTransform =
  /** Swap rows and columns: torch's Linear and llama.cpp keep [out, in], GPT-2's Conv1D keeps [in, out]. */
  | { readonly kind: 'transpose' }
  /** Row `row` of the result is row `order(row)` of the checkpoint's tensor. */
  | { readonly kind: 'rows'; readonly order: (row: number) => number }
  /** Add a number to every element, computed as llama.cpp's converter does: in F16 for F16, else in F32. */
  | { readonly kind: 'add'; readonly value: number };

/** A tensor's values and the type they are in. */
export interface TypedData {
  /** Row-major, starting at offset 0 of its memory. */
  readonly data: Uint8Array<ArrayBuffer>;
  readonly dtype: FloatDtype;
}

/**
 * Applies a transform to a whole tensor.
 *
 * @param shape as in the checkpoint, slowest-varying first
 * @returns memory of its own, or the same where there is nothing to do
 */
export async function applyTransform(
  transform: TensorTransform | undefined,
  { data, dtype }: TypedData,
  shape: readonly number[],
): Promise<TypedData> {
  switch (transform?.kind) {
    case undefined:
      return { data, dtype };
    case 'transpose':
      return { data: transpose(data, shape, DTYPE_BYTES[dtype]), dtype };
    case 'rows':
      return { data: reorderRows(data, shape[0] ?? 1, transform.order), dtype };
    case 'add':
      return await addScalar({ data, dtype }, transform.value);
  }
}

/** The shape that a tensor has after its transform, slowest-varying first. */
export function transformedShape(
  transform: TensorTransform | undefined,
  shape: readonly number[],
): readonly number[] {
  return transform?.kind === 'transpose' ? [...shape].reverse() : shape;
}

function reorderRows(
  data: Uint8Array<ArrayBuffer>,
  rows: number,
  order: (row: number) => number,
): Uint8Array<ArrayBuffer> {
  const rowBytes = data.length / rows;
  const target = new Uint8Array(data.length);
  for (let row = 0; row < rows; row += 1) {
    const from = order(row);
    if (!(from >= 0 && from < rows))
      throw new FormatError('reorder', `expected a row below ${rows}, received ${from}`);
    target.set(data.subarray(from * rowBytes, (from + 1) * rowBytes), row * rowBytes);
  }
  return target;
}
