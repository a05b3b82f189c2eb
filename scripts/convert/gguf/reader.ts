import { type FileHandle, open } from 'node:fs/promises';

import { FormatError, quote } from '../format-error.js';
import { readExactly } from '../read-exactly.js';
import { Cursor } from './cursor.js';
import { type GgmlTypeName, ggmlTypeById, tensorBytes } from './ggml-types.js';
import { checkLayout } from './layout.js';
import {
  align,
  ALIGNMENT_KEY,
  DEFAULT_ALIGNMENT,
  GGUF_VERSION,
  MAX_DIMENSIONS,
  MAX_KEY_BYTES,
  MAX_KEYS,
  MAX_METADATA_BYTES,
  MAX_TENSOR_NAME_BYTES,
  MAX_TENSORS,
} from './limits.js';
import { checkMagic } from './magic.js';
import { readValue } from './read-value.js';
import type { GgufMetadata, GgufValue } from './values.js';

/** One tensor as the file describes it. */
export interface GgufTensor {
  readonly name: string;
  readonly type: GgmlTypeName;
  /** Elements per dimension, fastest-varying first: the reverse of a Hugging Face shape. */
  readonly dimensions: readonly number[];
  /** Offset of its data from `dataOffset`. */
  readonly offset: number;
  /** Bytes of its data, padding not included. */
  readonly bytes: number;
}

/** Everything in a GGUF file but the tensors' data. */
export interface GgufFile {
  readonly version: number;
  readonly metadata: GgufMetadata;
  /** In file order. */
  readonly tensors: readonly GgufTensor[];
  readonly alignment: number;
  /** Offset in the file from which tensor offsets count. */
  readonly dataOffset: number;
  readonly fileSize: number;
}

/**
 * Reads and checks header, metadata and tensor descriptions of a GGUF file (version 2 or 3, little-endian).
 * Memory is bounded (limits.ts) whatever the file claims; tensor data is not read.
 *
 * @throws FormatError naming the first rule that the file breaks: see docs/convert.md for all of them
 */
export async function readGguf(path: string): Promise<GgufFile> {
  const handle = await open(path, 'r');
  try {
    return await readGgufFrom(handle);
  } finally {
    await handle.close();
  }
}

/** The same from an open file, which stays open. */
export async function readGgufFrom(handle: FileHandle): Promise<GgufFile> {
  const stat = await handle.stat();
  // A pipe or device could deliver for ever.
  if (!stat.isFile()) throw new FormatError('GGUF', 'expected a regular file');
  const cursor = new Cursor(handle, Math.min(stat.size, MAX_METADATA_BYTES));
  const version = await readVersion(cursor);
  // The smallest tensor description and the smallest key-value pair bound what a file of this size can hold.
  const tensorCount = await cursor.count(
    'the tensor count',
    Math.min(MAX_TENSORS, Math.floor(stat.size / 24)),
  );
  const keyCount = await cursor.count(
    'the metadata key count',
    Math.min(MAX_KEYS, Math.floor(stat.size / 13)),
  );
  const metadata = await readMetadata(cursor, keyCount);
  const alignment = alignmentOf(metadata);
  const tensors = await readTensors(cursor, tensorCount);
  const dataOffset = align(cursor.position, alignment);
  checkLayout(tensors, { alignment, dataOffset, fileSize: stat.size });
  return { version, metadata, tensors, alignment, dataOffset, fileSize: stat.size };
}

/** Reads one tensor's data. */
export async function readTensorData(
  handle: FileHandle,
  file: GgufFile,
  tensor: GgufTensor,
): Promise<Uint8Array<ArrayBuffer>> {
  const data = new Uint8Array(tensor.bytes);
  await readExactly(handle, data, file.dataOffset + tensor.offset);
  return data;
}

async function readVersion(cursor: Cursor): Promise<number> {
  if (cursor.remaining === 0) throw new FormatError('GGUF', 'the file is empty');
  checkMagic(await cursor.bytes(Math.min(4, cursor.remaining), 'the magic'));
  const version = await cursor.uint32('the version');
  if (version !== 0 && (version & 0xffff) === 0) {
    throw new FormatError('GGUF', 'big-endian files are not supported');
  }
  if (version !== 2 && version !== GGUF_VERSION) {
    throw new FormatError('GGUF', `expected 2 or ${GGUF_VERSION} for the version, received ${version}`);
  }
  return version;
}

async function readMetadata(cursor: Cursor, count: number): Promise<GgufMetadata> {
  const metadata = new Map<string, GgufValue>();
  for (let index = 0; index < count; index += 1) {
    const key = await cursor.string(`metadata key ${index}`, MAX_KEY_BYTES);
    if (key === '') throw new FormatError('GGUF', `metadata key ${index} is empty`);
    if (metadata.has(key)) throw new FormatError('GGUF', `metadata key ${quote(key)} appears twice`);
    metadata.set(key, await readValue(cursor, quote(key)));
  }
  return metadata;
}

function alignmentOf(metadata: GgufMetadata): number {
  const entry = metadata.get(ALIGNMENT_KEY);
  if (entry === undefined) return DEFAULT_ALIGNMENT;
  if (entry.type !== 'uint32') {
    throw new FormatError(
      'GGUF',
      `expected a uint32 for ${ALIGNMENT_KEY}, received a value of type ${entry.type}`,
    );
  }
  const alignment = entry.value;
  // A single bit set; above 2^31 the bitwise form would be negative, and no such alignment makes sense.
  if (alignment === 0 || alignment > 2 ** 30 || (alignment & (alignment - 1)) !== 0) {
    throw new FormatError('GGUF', `expected a power of two for ${ALIGNMENT_KEY}, received ${alignment}`);
  }
  return alignment;
}

async function readTensors(cursor: Cursor, count: number): Promise<GgufTensor[]> {
  const tensors: GgufTensor[] = [];
  const names = new Set<string>();
  for (let index = 0; index < count; index += 1) {
    const tensor = await readTensor(cursor, index);
    if (names.has(tensor.name)) throw new FormatError('GGUF', `tensor ${quote(tensor.name)} appears twice`);
    names.add(tensor.name);
    tensors.push(tensor);
  }
  return tensors;
}

async function readTensor(cursor: Cursor, index: number): Promise<GgufTensor> {
  const name = await cursor.string(`the name of tensor ${index}`, MAX_TENSOR_NAME_BYTES);
  const what = name === '' ? `tensor ${index}` : `tensor ${quote(name)}`;
  const dimensions = await readDimensions(cursor, what);
  const typeId = await cursor.uint32(`the type of ${what}`);
  const type = ggmlTypeById(typeId);
  if (type === undefined) throw new FormatError('GGUF', `${what} has the unknown type ${typeId}`);
  const offset = await cursor.count(`the offset of ${what}`, Number.MAX_SAFE_INTEGER);
  const bytes = tensorBytes(type, dimensions);
  if (bytes === undefined) {
    throw new FormatError('GGUF', `${what} cannot have shape [${dimensions.join(', ')}] in type ${type}`);
  }
  return { name, type, dimensions, offset, bytes };
}

async function readDimensions(cursor: Cursor, what: string): Promise<number[]> {
  const count = await cursor.uint32(`the number of dimensions of ${what}`);
  if (count > MAX_DIMENSIONS) {
    throw new FormatError(
      'GGUF',
      `expected at most ${MAX_DIMENSIONS} dimensions for ${what}, received ${count}`,
    );
  }
  const dimensions: number[] = [];
  for (let index = 0; index < count; index += 1) {
    dimensions.push(await cursor.count(`dimension ${index} of ${what}`, Number.MAX_SAFE_INTEGER));
  }
  return dimensions;
}
