import { FormatError } from '../format-error.js';

/** Rows and columns handled at a time, so that both sides stay in the processor's cache. */
const TILE = 64;

const ARRAYS_BY_ELEMENT_BYTES = { 2: Uint16Array, 4: Uint32Array, 8: BigUint64Array } as const;

/**
 * Transposes a row-major matrix.
 *
 * @param data starts at offset 0 of its memory
 * @param shape [rows, columns] of `data`
 * @param elementBytes 2, 4 or 8
 */
export function transpose(
  data: Uint8Array<ArrayBuffer>,
  shape: readonly number[],
  elementBytes: number,
): Uint8Array<ArrayBuffer> {
  const [rows = 0, columns = 0] = shape;
  if (!(elementBytes === 2 || elementBytes === 4 || elementBytes === 8) || shape.length !== 2) {
    throw new FormatError('transpose', `expected a matrix of floats, received shape [${shape.join(', ')}]`);
  }
  const ArrayType = ARRAYS_BY_ELEMENT_BYTES[elementBytes];
  const target = new Uint8Array(data.length);
  copyTiles(new ArrayType(data.buffer), new ArrayType(target.buffer), rows, columns);
  return target;
}

type Elements = Uint16Array | Uint32Array | BigUint64Array;

function copyTiles(source: Elements, target: Elements, rows: number, columns: number): void {
  for (let row = 0; row < rows; row += TILE) {
    for (let column = 0; column < columns; column += TILE) {
      const lastRow = Math.min(row + TILE, rows);
      const lastColumn = Math.min(column + TILE, columns);
      for (let r = row; r < lastRow; r += 1) {
        for (let c = column; c < lastColumn; c += 1) target[c * rows + r] = source[r * columns + c] ?? 0;
      }
    }
  }
}
