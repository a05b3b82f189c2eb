import type { FileHandle } from 'node:fs/promises';

import { quote } from '../format-error.js';
import { readExactly } from '../read-exactly.js';
import { fault } from './fault.js';
import { type ArchiveEntry, readArchive } from './zip.js';

const PICKLE = 'data.pkl';
/** Two hundred times what a state dict of ten thousand tensors takes. */
const MAX_PICKLE_BYTES = 64 * 1024 * 1024;
const MAX_BYTEORDER_BYTES = 16;

/** What other files people call .bin begin with. */
const LOOKALIKES: readonly (readonly [offset: number, bytes: string, what: string])[] = [
  [
    0,
    '\u0080\u0002',
    'a pickle of torch before 1.6, which is not supported: save it again with a newer torch',
  ],
  [
    257,
    'ustar',
    'a tar archive of torch before 0.2, which is not supported: save it again with a newer torch',
  ],
  [0, 'version https://git-lfs', 'a Git LFS pointer; fetch the real file with "git lfs pull"'],
  [0, '<!DO', 'a web page'],
  [0, '<htm', 'a web page'],
  [0, 'GGUF', 'a GGUF file'],
];
const ARCHIVE_MAGIC = 'PK\u0003\u0004';
const LOOKED_AT_BYTES = 512;

/** The entries of an archive that torch.save wrote. */
export interface TorchArchive {
  /** The bytes of data.pkl. */
  readonly pickle: Buffer;
  /** @returns the entry of a storage, undefined if there is none */
  storage(key: string): ArchiveEntry | undefined;
}

/**
 * Opens what torch.save writes since torch 1.6: a zip archive of `<root>/data.pkl` and `<root>/data/<key>`.
 *
 * @throws FormatError if it is anything else, TorchScript and big-endian data included
 */
export async function openArchive(handle: FileHandle): Promise<TorchArchive> {
  const stat = await handle.stat();
  await checkMagic(handle, stat.size);
  const entries = await readArchive(handle, stat.size);
  const root = rootOf([...entries.keys()]);
  if (entries.has(`${root}/constants.pkl`))
    throw fault('the file is a TorchScript archive, which holds code');
  await checkByteOrder(handle, entries.get(`${root}/byteorder`));
  const pickle = entries.get(`${root}/${PICKLE}`);
  return {
    pickle: await readEntry(handle, pickle, MAX_PICKLE_BYTES, PICKLE),
    storage: (key) => entries.get(`${root}/data/${key}`),
  };
}

async function checkMagic(handle: FileHandle, fileBytes: number): Promise<void> {
  const start = Buffer.alloc(Math.min(LOOKED_AT_BYTES, fileBytes));
  await readExactly(handle, start, 0);
  const text = start.toString('latin1');
  if (text.startsWith(ARCHIVE_MAGIC)) return;
  const known = LOOKALIKES.find(([offset, bytes]) => text.startsWith(bytes, offset));
  const received =
    known?.[2] ?? `a file of ${fileBytes} bytes that begins with "${start.toString('hex', 0, 4)}"`;
  throw fault(`expected a zip archive of torch.save, received ${received}`);
}

/** The one folder that everything is in; torch names it after the file, or "archive". */
function rootOf(names: readonly string[]): string {
  const roots = names
    .filter((name) => /^[^/]+\/data\.pkl$/.test(name))
    .map((name) => name.split('/')[0] ?? '');
  const [root, ...others] = roots;
  if (root === undefined) throw fault(`there is no ${PICKLE} in the archive`);
  if (others.length > 0) throw fault(`the archive has more than one ${PICKLE}`);
  return root;
}

async function checkByteOrder(handle: FileHandle, entry: ArchiveEntry | undefined): Promise<void> {
  // Absent before torch 2.0; what was written then on a big-endian machine cannot be told.
  if (entry === undefined) return;
  const order = (await readEntry(handle, entry, MAX_BYTEORDER_BYTES, 'byteorder')).toString('latin1');
  if (order !== 'little') throw fault(`expected the byte order "little", received ${quote(order)}`);
}

async function readEntry(
  handle: FileHandle,
  entry: ArchiveEntry | undefined,
  limit: number,
  name: string,
): Promise<Buffer> {
  if (entry === undefined) throw fault(`there is no ${name} in the archive`);
  if (entry.bytes > limit)
    throw fault(`expected at most ${limit} bytes for ${name}, received ${entry.bytes}`);
  const bytes = Buffer.alloc(entry.bytes);
  await readExactly(handle, bytes, entry.offset);
  return bytes;
}
