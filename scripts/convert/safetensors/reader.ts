import { isUtf8 } from 'node:buffer';
import type { FileHandle } from 'node:fs/promises';

import type { Checkpoint } from '../checkpoint.js';
import { FormatError, quote } from '../format-error.js';
import { lookalikeOf, LOOKED_AT_BYTES } from '../lookalikes.js';
import { readExactly } from '../read-exactly.js';
import { openRegular } from '../regular-file.js';
import { parseHeader, type StoredTensor } from './header.js';

/** The format's own limit. */
const MAX_HEADER_BYTES = 100_000_000;

/**
 * Opens one safetensors file and checks its header; data is read tensor by tensor.
 *
 * @throws FormatError naming the first rule that the file breaks
 */
export async function openSafetensors(path: string): Promise<Checkpoint> {
  const handle = await openRegular(path);
  try {
    const { tensors, dataOffset } = await readHeader(handle);
    return new SafetensorsFile(path, handle, tensors, dataOffset);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

class SafetensorsFile implements Checkpoint {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly files: readonly string[];
  readonly #handle: FileHandle;
  readonly #dataOffset: number;

  constructor(path: string, handle: FileHandle, tensors: readonly StoredTensor[], dataOffset: number) {
    this.tensors = new Map(tensors.map((tensor) => [tensor.name, tensor]));
    this.files = [path];
    this.#handle = handle;
    this.#dataOffset = dataOffset;
  }

  async read(name: string): Promise<Uint8Array<ArrayBuffer>> {
    const tensor = this.tensors.get(name);
    if (tensor === undefined) throw new FormatError('safetensors', `there is no tensor ${quote(name)}`);
    const data = new Uint8Array(tensor.end - tensor.begin);
    await readExactly(this.#handle, data, this.#dataOffset + tensor.begin);
    return data;
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

async function readHeader(handle: FileHandle): Promise<{ tensors: StoredTensor[]; dataOffset: number }> {
  const stat = await handle.stat();
  if (stat.size < 8) throw new FormatError('safetensors', `the file has only ${stat.size} bytes`);
  const prefix = Buffer.alloc(8);
  await readExactly(handle, prefix, 0);
  const length = prefix.readBigUInt64LE();
  if (length > BigInt(MAX_HEADER_BYTES)) {
    const start = Buffer.alloc(Math.min(stat.size, LOOKED_AT_BYTES));
    await readExactly(handle, start, 0);
    const lookalike = lookalikeOf(start);
    if (lookalike !== undefined) throw new FormatError('safetensors', `the file is ${lookalike}`);
    throw new FormatError(
      'safetensors',
      `expected at most ${MAX_HEADER_BYTES} bytes for the header, received ${length.toString()}`,
    );
  }
  const dataOffset = 8 + Number(length);
  if (dataOffset > stat.size) {
    throw new FormatError(
      'safetensors',
      `the header of ${length.toString()} bytes ends past the end of the file`,
    );
  }
  const json = Buffer.alloc(Number(length));
  await readExactly(handle, json, 8);
  if (!isUtf8(json)) throw new FormatError('safetensors', 'the header is not UTF-8');
  return { tensors: parseHeader(json, stat.size - dataOffset), dataOffset };
}
