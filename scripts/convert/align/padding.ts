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
 * The data of a padded tensor: what its source gives, piece by piece, then the repeated row. Nothing but that
 * one row is kept.
 *
 * @param pieces the source's rows in the tensor's own type, in order
 * @throws FormatError if they end before the row that is to be repeated
 */
export function* withPadding(
  tensor: TensorDescription & { readonly padding?: RowPadding },
  pieces: Iterable<Uint8Array>,
): Generator<Uint8Array> {
  if (tensor.padding === undefined) {
    yield* pieces;
    return;
  }
  const { row, rows } = tensor.padding;
  const kept = new RowKeeper(row, rowBytes(tensor));
  for (const piece of pieces) {
    kept.look(piece);
    yield piece;
  }
  const bytes = kept.bytes();
  if (bytes === undefined) {
    throw new FormatError('checkpoint', `tensor ${quote(tensor.name)} ends before its row ${row}`);
  }
  for (let index = 0; index < rows; index += 1) yield bytes;
}

/** Rows are the slowest-varying dimension; what one of them takes. */
function rowBytes({ name, type, dimensions }: TensorDescription): number {
  const bytes = tensorBytes(type, dimensions.slice(0, -1));
  if (bytes === undefined) throw new FormatError('GGUF', `tensor ${quote(name)} can't be cut into rows`);
  return bytes;
}

/** Copies one row out of data that passes by in pieces of any length. */
class RowKeeper {
  readonly #row: Uint8Array;
  readonly #start: number;
  #passed = 0;

  constructor(row: number, bytes: number) {
    this.#row = new Uint8Array(bytes);
    this.#start = row * bytes;
  }

  look(piece: Uint8Array): void {
    const from = Math.max(this.#start, this.#passed);
    const to = Math.min(this.#start + this.#row.length, this.#passed + piece.length);
    if (from < to) this.#row.set(piece.subarray(from - this.#passed, to - this.#passed), from - this.#start);
    this.#passed += piece.length;
  }

  /** Undefined if the data ended before the row did. */
  bytes(): Uint8Array | undefined {
    return this.#passed < this.#start + this.#row.length ? undefined : this.#row;
  }
}
