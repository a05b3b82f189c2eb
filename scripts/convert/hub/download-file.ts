import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { quote } from '../format-error.js';
import type { HubClient, HubFile, HubListing } from './client.js';
import { hubError } from './failures.js';

/** What is fetched, from where, to where. */
export interface FileDownload {
  readonly client: HubClient;
  readonly listing: HubListing;
  readonly file: HubFile;
  readonly folder: string;
  /** Whether the folder is the commit's own, where a file of the right name and size is the right one. */
  readonly trusted: boolean;
  /** Hears how many of the file's bytes are there. */
  readonly onBytes: (bytes: number) => void;
}

/**
 * Fetches one file: as `<name>.part`, which the next attempt continues, and under its name when its checksum
 * is right. A file that is there is not fetched again.
 *
 * @throws GlossaError CONVERSION_FAILED if the connection breaks (the part is kept) or the checksum is wrong
 *   (the part is deleted); the file system's error if it cannot be written
 */
export async function downloadFile(download: FileDownload): Promise<void> {
  const { file, folder, onBytes } = download;
  const path = join(folder, file.name);
  if (!(await isPresent(download, path))) {
    const part = `${path}.part`;
    const hex = await completePart(download, part);
    if (hex !== file.checksum.hex) {
      await rm(part, { force: true });
      throw hubError(
        `the checksum of ${quote(file.name)} is not the one the hub states; it was deleted, run the command again`,
      );
    }
    await rename(part, path);
  }
  onBytes(file.bytes);
}

async function isPresent({ file, trusted }: FileDownload, path: string): Promise<boolean> {
  if ((await sizeOf(path)) !== file.bytes) return false;
  return trusted || (await hashFile(file, path)).digest('hex') === file.checksum.hex;
}

async function sizeOf(path: string): Promise<number | undefined> {
  return (await stat(path).catch(() => undefined))?.size;
}

/** @returns the checksum of the complete part */
async function completePart(download: FileDownload, part: string): Promise<string> {
  const { file } = download;
  const present = (await sizeOf(part)) ?? 0;
  if (present > file.bytes) await rm(part);
  const start = present > file.bytes ? 0 : present;
  const hash = start > 0 ? await hashFile(file, part) : newHash(file);
  if (start === file.bytes && start > 0) return hash.digest('hex');
  const handle = await open(part, 'a');
  try {
    const complete = await append(download, handle, hash, start);
    await handle.sync();
    return complete.digest('hex');
  } finally {
    await handle.close();
  }
}

function newHash({ checksum, bytes }: HubFile): Hash {
  if (checksum.algorithm === 'sha256') return createHash('sha256');
  // Git hashes a blob with its type and length in front.
  return createHash('sha1').update(`blob ${bytes}\0`);
}

async function hashFile(file: HubFile, path: string): Promise<Hash> {
  const hash = newHash(file);
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash;
}

async function append(download: FileDownload, handle: FileHandle, hash: Hash, from: number): Promise<Hash> {
  const { client, listing, file, onBytes } = download;
  const { start, chunks } = await client.open(listing, file, from);
  let digest = hash;
  if (start < from) {
    await handle.truncate(0);
    digest = newHash(file);
  }
  let bytes = start;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    // What is too long is wrong, however long it would go on.
    if (bytes > file.bytes) break;
    await handle.appendFile(chunk);
    digest.update(chunk);
    onBytes(bytes);
  }
  if (bytes < file.bytes) {
    throw hubError(
      `the hub at ${client.host} ended ${quote(file.name)} after ${bytes} of ${file.bytes} bytes; run the command again to continue`,
    );
  }
  return digest;
}
