import type { FileHandle } from 'node:fs/promises';

import { FormatError } from './format-error.js';

/** One read call takes at most a signed 32-bit number of bytes. */
const MAX_READ_BYTES = 1024 * 1024 * 1024;

/**
 * Fills `target` from a file at `position`.
 *
 * @throws FormatError if the file ends before (it shrank after its size was checked)
 */
export async function readExactly(handle: FileHandle, target: Uint8Array, position: number): Promise<void> {
  let filled = 0;
  while (filled < target.length) {
    const length = Math.min(MAX_READ_BYTES, target.length - filled);
    const { bytesRead } = await handle.read(target, filled, length, position + filled);
    if (bytesRead === 0)
      throw new FormatError('file', `ended at offset ${position + filled} while being read`);
    filled += bytesRead;
  }
}
