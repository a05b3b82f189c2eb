import { type FileHandle, open, stat } from 'node:fs/promises';
import { basename } from 'node:path';

import { FormatError } from './format-error.js';

/** Texts are held in memory, parsed, and may be no longer than a string; the largest known takes 40 MB. */
const MAX_TEXT_BYTES = 256 * 1024 * 1024;

/**
 * Opens a file to read it. What is no file is refused before it is opened: opening a named pipe would wait for
 * somebody to write into it.
 *
 * @throws FormatError if it is a folder, a pipe or a device; the file system's error if it cannot be opened
 */
export async function openRegular(path: string): Promise<FileHandle> {
  if (!(await stat(path)).isFile()) throw new FormatError(basename(path), 'expected a regular file');
  return open(path, 'r');
}

/**
 * Reads a whole file of moderate size: configurations, tokenizers, templates.
 *
 * @param maxBytes default 256 MiB
 * @throws FormatError if it is no file or larger than that; the file system's error if it cannot be read
 */
export async function readSmallFile(path: string, maxBytes = MAX_TEXT_BYTES): Promise<Buffer> {
  const handle = await openRegular(path);
  try {
    const { size } = await handle.stat();
    if (size > maxBytes) {
      const message = `expected at most ${maxBytes} bytes, received ${size}`;
      throw new FormatError(basename(path), message);
    }
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}
