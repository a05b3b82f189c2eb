import type { FileHandle } from 'node:fs/promises';

import { quote } from '../format-error.js';
import { readExactly } from '../read-exactly.js';
import { fault } from './fault.js';
import { type DirectoryEntry, readDirectory } from './zip-directory.js';

/** APPNOTE 4.3.7. */
const HEADER_BYTES = 30;
const HEADER_SIGNATURE = 0x04034b50;

/** A file in an archive with the place of its data. */
export interface ArchiveEntry {
  readonly name: string;
  /** Of the first byte in the archive. */
  readonly offset: number;
  readonly bytes: number;
}

/**
 * The entries of a zip archive as torch writes it: stored, one behind the other.
 *
 * @returns by name
 * @throws FormatError if entries are compressed, named twice, overlap or lie past the end
 */
export async function readArchive(
  handle: FileHandle,
  fileBytes: number,
): Promise<ReadonlyMap<string, ArchiveEntry>> {
  const { entries, offset: end } = await readDirectory(handle, fileBytes);
  const ordered = [...entries].sort((a, b) => a.headerOffset - b.headerOffset);
  const placed = new Map<string, ArchiveEntry>();
  let position = 0;
  for (const entry of ordered) {
    if (entry.headerOffset < position) {
      throw fault(`the entry ${quote(entry.name)} of the archive overlaps the one before it`);
    }
    const offset = await dataOffset(handle, entry, end);
    position = offset + entry.bytes;
    if (position > end)
      throw fault(`the entry ${quote(entry.name)} of the archive ends past the last entry's end`);
    placed.set(entry.name, { name: entry.name, offset, bytes: entry.bytes });
  }
  return placed;
}

/** Where an entry's data begin: only its own header tells, torch pads it for alignment. */
async function dataOffset(handle: FileHandle, entry: DirectoryEntry, end: number): Promise<number> {
  const what = `the entry ${quote(entry.name)} of the archive`;
  const name = Buffer.from(entry.name);
  const header = Buffer.alloc(HEADER_BYTES + name.length);
  if (entry.headerOffset + header.length > end) throw fault(`${what} lies past the end of the entries`);
  await readExactly(handle, header, entry.headerOffset);
  if (header.readUInt32LE() !== HEADER_SIGNATURE) throw fault(`${what} has no header`);
  if (header.readUInt16LE(26) !== name.length || !header.subarray(HEADER_BYTES).equals(name)) {
    throw fault(`${what} has another name in its own header`);
  }
  if (header.readUInt16LE(8) !== 0) throw fault(`${what} is compressed in its own header`);
  return entry.headerOffset + header.length + header.readUInt16LE(28);
}
