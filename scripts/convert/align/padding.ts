import { FormatError, quote } from '../format-error.js';
import { tensorBytes } from '../gguf/ggml-types.js';
import type { TensorDescription } from '../gguf/writer.js';

/** Rows that a tensor gets beyond those of its source: `rows` copies of its row `row`. */
export interface RowPadding {
  readonly row: number;
  readonly rows: number;
}

/** A tensor of the file to come; `dimensions` count the padding's rows. */
export type Paddable<T extends TensorDescription> = T & { readonly padding?: RowPadding };

/**
 * The data of a padded tensor in pieces: its source's rows, then the repeated one.
 *
 * @param data the source's rows in the tensor's own type
 * @throws FormatError if the row that is to be repeated is not among them
 */
export function withPadding(
  tensor: TensorDescription & { readonly padding?: RowPadding },
  data: Uint8Array,
): readonly Uint8Array[] {
  if (tensor.padding === undefined) return [data];
  const { row, rows } = tensor.padding;
  const bytes = rowBytes(tensor);
  const repeated = data.subarray(row * bytes, (row + 1) * bytes);
  if (repeated.length < bytes) {
    throw new FormatError('checkpoint', `tensor ${quote(tensor.name)} ends before its row ${row}`);
  }
  return [data, ...new Array<Uint8Array>(rows).fill(repeated)];
}

/** Rows are the slowest-varying dimension; what one of them takes. */
function rowBytes({ name, type, dimensions }: TensorDescription): number {
  const bytes = tensorBytes(type, dimensions.slice(0, -1));
  if (bytes === undefined) throw new FormatError('GGUF', `tensor ${quote(name)} can't be cut into rows`);
  return bytes;
}
