import { FormatError, quote } from '../format-error.js';
import { align } from './limits.js';

/** Where a file's tensors must lie. */
export interface Layout {
  readonly alignment: number;
  readonly dataOffset: number;
  readonly fileSize: number;
}

interface Placed {
  readonly name: string;
  readonly offset: number;
  readonly bytes: number;
}

/**
 * Checks that tensors follow each other in file order, aligned, without gap or overlap (llama.cpp refuses
 * anything else), and end inside the file. Only the padding behind the last one may be missing.
 *
 * @throws FormatError naming the first tensor that is misplaced
 */
export function checkLayout(tensors: readonly Placed[], layout: Layout): void {
  let expected = 0;
  for (const tensor of tensors) {
    const what = `tensor ${quote(tensor.name)}`;
    checkPlace(tensor.offset, expected, layout.alignment, what);
    const end = layout.dataOffset + tensor.offset + tensor.bytes;
    if (end > layout.fileSize) {
      throw new FormatError(
        'GGUF',
        `${what} ends at byte ${end}, past the end of the file at ${layout.fileSize}`,
      );
    }
    expected = align(tensor.offset + tensor.bytes, layout.alignment);
  }
}

function checkPlace(offset: number, expected: number, alignment: number, what: string): void {
  if (offset === expected) return;
  if (offset % alignment !== 0) {
    throw new FormatError(
      'GGUF',
      `the offset ${offset} of ${what} is no multiple of the alignment ${alignment}`,
    );
  }
  const fault = offset < expected ? 'overlaps the one before it' : 'leaves a gap before it';
  throw new FormatError('GGUF', `${what} ${fault}: expected ${expected} for its offset, received ${offset}`);
}
