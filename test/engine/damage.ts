import { rm } from 'node:fs/promises';

import {
  type GgufFile,
  type GgufTensor,
  readGguf,
  readTensorData,
} from '../../scripts/convert/gguf/reader.js';
import type { GgufMetadata, GgufValue } from '../../scripts/convert/gguf/values.js';
import { GgufWriter } from '../../scripts/convert/gguf/writer.js';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Where the parts of a GGUF header stand: magic, version, tensor count, metadata count, first key's length. */
const VERSION_AT = 4;
const TENSOR_COUNT_AT = 8;
const KEY_COUNT_AT = 16;
const FIRST_KEY_AT = 24;

/** How to alter a whole model when it is written anew. */
interface Alterations {
  /** Metadata that replaces the model's own; undefined removes a key. */
  readonly metadata?: Readonly<Record<string, GgufValue | undefined>>;
  /** Tensors to leave out; "all" leaves none. */
  readonly without?: 'all' | readonly string[];
}

/** A good model file and ways to spoil copies of it. */
export class GoodModel {
  readonly path: string;
  readonly bytes: Buffer;
  readonly file: GgufFile;

  private constructor(path: string, bytes: Buffer, file: GgufFile) {
    this.path = path;
    this.bytes = bytes;
    this.file = file;
  }

  static async read(path: string): Promise<GoodModel> {
    return new GoodModel(path, await readFile(path), await readGguf(path));
  }

  /** The first `length` bytes. */
  cut(length: number): Buffer {
    return this.bytes.subarray(0, length);
  }

  /** A copy that `edit` may write into. */
  edited(edit: (copy: Buffer) => void): Buffer {
    const copy = Buffer.from(this.bytes);
    edit(copy);
    return copy;
  }

  withVersion(version: number): Buffer {
    return this.edited((copy) => copy.writeUInt32LE(version, VERSION_AT));
  }

  withTensorCount(count: bigint): Buffer {
    return this.edited((copy) => copy.writeBigUInt64LE(count, TENSOR_COUNT_AT));
  }

  withKeyCount(count: bigint): Buffer {
    return this.edited((copy) => copy.writeBigUInt64LE(count, KEY_COUNT_AT));
  }

  withFirstKeyLength(length: bigint): Buffer {
    return this.edited((copy) => copy.writeBigUInt64LE(length, FIRST_KEY_AT));
  }

  /** A copy in which `edit` changes a tensor's description; offsets are the file's. */
  withDescription(name: string, edit: (copy: Buffer, at: DescriptionOffsets) => void): Buffer {
    const { dimensions } = this.tensor(name);
    const nameAt = this.bytes.indexOf(name);
    const countAt = nameAt + Buffer.byteLength(name);
    const typeAt = countAt + 4 + 8 * dimensions.length;
    return this.edited((copy) => {
      edit(copy, { nameAt, countAt, dimensionsAt: countAt + 4, typeAt, offsetAt: typeAt + 4 });
    });
  }

  /** A copy in which `edit` changes a tensor's data. */
  withData(name: string, edit: (data: Buffer) => void): Buffer {
    const { offset, bytes } = this.tensor(name);
    const start = this.file.dataOffset + offset;
    return this.edited((copy) => {
      edit(copy.subarray(start, start + bytes));
    });
  }

  /** The file written anew with other metadata or fewer tensors. */
  async altered(folder: string, { metadata = {}, without = [] }: Alterations): Promise<Buffer> {
    const kept = this.file.tensors.filter(({ name }) => without !== 'all' && !without.includes(name));
    const path = join(folder, 'altered.gguf');
    const source = await open(this.path, 'r');
    const writer = await GgufWriter.create(path, withEntries(this.file.metadata, metadata), kept);
    try {
      for (const tensor of kept)
        await writer.writeTensor(tensor.name, await readTensorData(source, this.file, tensor));
      await writer.finish();
      return await readFile(path);
    } finally {
      await writer.discard();
      await source.close();
      await rm(path, { force: true });
    }
  }

  tensor(name: string): GgufTensor {
    const tensor = this.file.tensors.find((candidate) => candidate.name === name);
    if (tensor === undefined) throw new Error(`the model has no tensor ${name}`);
    return tensor;
  }

  /** The strings of a list in the metadata. */
  strings(key: string): readonly string[] {
    const entry = this.file.metadata.get(key);
    if (entry?.type !== 'array' || entry.elementType !== 'string')
      throw new Error(`${key} is no list of strings`);
    return entry.value;
  }
}

/** Where the parts of a tensor's description stand in the file. */
export interface DescriptionOffsets {
  readonly nameAt: number;
  readonly countAt: number;
  readonly dimensionsAt: number;
  readonly typeAt: number;
  readonly offsetAt: number;
}

function withEntries(
  metadata: GgufMetadata,
  changes: Readonly<Record<string, GgufValue | undefined>>,
): GgufMetadata {
  const changed = new Map(metadata);
  for (const [key, value] of Object.entries(changes)) {
    if (value === undefined) changed.delete(key);
    else changed.set(key, value);
  }
  return changed;
}
