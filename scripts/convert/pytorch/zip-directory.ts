import { isUtf8 } from 'node:buffer';
import type { FileHandle } from 'node:fs/promises';

import { quote } from '../format-error.js';
import { readExactly } from '../read-exactly.js';
import { fault } from './fault.js';

/** Sizes and signatures of PKWARE's APPNOTE 6.3.10: sections 4.3.12, 4.3.14, 4.3.15 and 4.3.16. */
const END_BYTES = 22;
const END_SIGNATURE = 0x06054b50;
const LOCATOR_BYTES = 20;
const LOCATOR_SIGNATURE = 0x07064b50;
const END64_BYTES = 56;
const END64_SIGNATURE = 0x06064b50;
const ENTRY_BYTES = 46;
const ENTRY_SIGNATURE = 0x02014b50;
/** Kind of the extra field with the 64-bit values, and what stands in a field whose value is there (4.5.3). */
const ZIP64_EXTRA = 1;
const IN_EXTRA = 0xffffffff;
const ENCRYPTED_FLAG = 1;

/** torch writes an entry for a tensor; no checkpoint comes near. */
const MAX_ENTRIES = 200_000;
const MAX_DIRECTORY_BYTES = 64 * 1024 * 1024;

/** A file in the archive as the central directory has it. */
export interface DirectoryEntry {
  readonly name: string;
  /** Of the entry's own header in the file. */
  readonly headerOffset: number;
  /** Its length: all entries are stored, not compressed. */
  readonly bytes: number;
}

/** The central directory and where it begins, behind which no entry's data may lie. */
export interface Directory {
  readonly entries: readonly DirectoryEntry[];
  readonly offset: number;
}

interface DirectoryPlace {
  readonly count: bigint;
  readonly bytes: bigint;
  readonly offset: bigint;
  /** Offset of what follows the directory. */
  readonly end: bigint;
}

/**
 * Reads a zip archive's central directory (with the 64-bit extension); archives with a comment behind the end
 * record, which torch never writes, are refused.
 *
 * @throws FormatError if an entry is compressed, encrypted, named twice, or the directory is no directory
 */
export async function readDirectory(handle: FileHandle, fileBytes: number): Promise<Directory> {
  const { count, bytes, offset, end } = await findDirectory(handle, fileBytes);
  if (offset + bytes !== end) throw fault('the central directory does not reach to the end record');
  if (bytes > MAX_DIRECTORY_BYTES || count > MAX_ENTRIES) {
    throw fault(`expected at most ${MAX_ENTRIES} entries in the archive, received ${count.toString()}`);
  }
  const directory = Buffer.alloc(Number(bytes));
  await readExactly(handle, directory, Number(offset));
  const entries = parseEntries(directory, Number(count));
  const names = new Set<string>();
  for (const { name } of entries) {
    if (names.has(name)) throw fault(`the archive has two entries named ${quote(name)}`);
    names.add(name);
  }
  return { entries, offset: Number(offset) };
}

async function findDirectory(handle: FileHandle, fileBytes: number): Promise<DirectoryPlace> {
  if (fileBytes < END_BYTES) throw fault(`the archive has only ${fileBytes} bytes`);
  const tail = await readAt(handle, fileBytes - END_BYTES, END_BYTES);
  if (tail.readUInt32LE() !== END_SIGNATURE) {
    throw fault(
      'the file does not end with the end record of a zip archive: it is truncated or no such archive',
    );
  }
  const locatorOffset = fileBytes - END_BYTES - LOCATOR_BYTES;
  if (locatorOffset >= END64_BYTES) {
    const locator = await readAt(handle, locatorOffset, LOCATOR_BYTES);
    if (locator.readUInt32LE() === LOCATOR_SIGNATURE) return findDirectory64(handle, locator, locatorOffset);
  }
  return {
    count: BigInt(tail.readUInt16LE(10)),
    bytes: BigInt(tail.readUInt32LE(12)),
    offset: BigInt(tail.readUInt32LE(16)),
    end: BigInt(fileBytes - END_BYTES),
  };
}

async function findDirectory64(
  handle: FileHandle,
  locator: Buffer,
  locatorOffset: number,
): Promise<DirectoryPlace> {
  const end = locator.readBigUInt64LE(8);
  if (end + BigInt(END64_BYTES) > BigInt(locatorOffset))
    throw fault("the archive's 64-bit end record is misplaced");
  const record = await readAt(handle, Number(end), END64_BYTES);
  if (record.readUInt32LE() !== END64_SIGNATURE) throw fault("the archive's 64-bit end record is missing");
  return {
    count: record.readBigUInt64LE(32),
    bytes: record.readBigUInt64LE(40),
    offset: record.readBigUInt64LE(48),
    end,
  };
}

async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  await readExactly(handle, buffer, position);
  return buffer;
}

function parseEntries(directory: Buffer, count: number): DirectoryEntry[] {
  const entries: DirectoryEntry[] = [];
  let position = 0;
  while (position < directory.length) {
    const header = directory.subarray(position, position + ENTRY_BYTES);
    if (header.length < ENTRY_BYTES || header.readUInt32LE() !== ENTRY_SIGNATURE) {
      throw fault(`expected an entry at byte ${position} of the central directory`);
    }
    const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((at) => header.readUInt16LE(at));
    const nameEnd = position + ENTRY_BYTES + (nameBytes ?? 0);
    const extraEnd = nameEnd + (extraBytes ?? 0);
    const next = extraEnd + (commentBytes ?? 0);
    if (next > directory.length) throw fault('an entry ends past the end of the central directory');
    const name = entryName(directory.subarray(position + ENTRY_BYTES, nameEnd));
    entries.push(parseEntry(name, header, directory.subarray(nameEnd, extraEnd)));
    position = next;
  }
  if (entries.length !== count) {
    throw fault(`the archive claims ${count} entries and has ${entries.length}`);
  }
  return entries;
}

function entryName(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw fault("an entry's name in the archive is not UTF-8");
  return bytes.toString('utf8');
}

function parseEntry(name: string, header: Buffer, extra: Buffer): DirectoryEntry {
  const what = `the entry ${quote(name)} of the archive`;
  if ((header.readUInt16LE(8) & ENCRYPTED_FLAG) !== 0) throw fault(`${what} is encrypted`);
  const method = header.readUInt16LE(10);
  if (method !== 0) throw fault(`${what} is compressed (method ${method}), which torch never does`);
  const [bytes, storedBytes, headerOffset] = wideFields(what, header, extra);
  if (bytes !== storedBytes) {
    throw fault(
      `${what} has ${bytes.toString()} bytes in ${storedBytes.toString()} without being compressed`,
    );
  }
  return { name, headerOffset: toOffset(what, headerOffset), bytes: toOffset(what, bytes) };
}

function toOffset(what: string, value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw fault(`${what} lies past the end of the file`);
  return Number(value);
}

/** Length, length in the archive and offset, from the 64-bit extra field where the header says so, in this order. */
function wideFields(what: string, header: Buffer, extra: Buffer): [bigint, bigint, bigint] {
  let wide = zip64Extra(extra);
  const field = (at: number): bigint => {
    const narrow = header.readUInt32LE(at);
    if (narrow !== IN_EXTRA) return BigInt(narrow);
    if (wide.length < 8) throw fault(`${what} has no 64-bit sizes where its header points to them`);
    const value = wide.readBigUInt64LE();
    wide = wide.subarray(8);
    return value;
  };
  return [field(24), field(20), field(42)];
}

function zip64Extra(extra: Buffer): Buffer {
  let rest = extra;
  while (rest.length >= 4) {
    const end = 4 + rest.readUInt16LE(2);
    if (rest.readUInt16LE() === ZIP64_EXTRA) return rest.subarray(4, end);
    rest = rest.subarray(end);
  }
  return Buffer.alloc(0);
}
