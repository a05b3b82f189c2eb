import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';

import {
  type GgufFile,
  type GgufTensor,
  readGguf,
  readTensorData,
} from '../../../scripts/convert/gguf/reader.js';
import { type GgufArray, type GgufValue, NUMERIC_ARRAYS } from '../../../scripts/convert/gguf/values.js';

/** [key, type, value] or, of a long array, [key, type, count, checksum, first elements]. */
export type GoldenEntry = readonly [key: string, type: string, ...rest: readonly unknown[]];

/** Name, dimensions and "TYPE checksum", in file order. */
export type GoldenTensor = readonly [name: string, dimensions: readonly number[], stored: string];

/** What is kept of a GGUF file; scripts/goldens/gguf_golden.py reads the reference's likewise. */
export interface GgufGolden {
  readonly metadata: readonly GoldenEntry[];
  readonly tensors: readonly GoldenTensor[];
}

const WHOLE = 16;
const SHOWN = 8;

/** The first 16 hexadecimal digits of SHA-256. */
export function checksum(data: Uint8Array): string {
  return createHash('sha256').update(data).digest('hex').slice(0, 16);
}

function arrayBytes(array: GgufArray): Uint8Array {
  if (array.elementType === 'string') {
    return Buffer.concat(
      array.value.flatMap((text) => {
        const encoded = Buffer.from(text);
        const length = Buffer.alloc(4);
        length.writeUInt32LE(encoded.length);
        return [length, encoded];
      }),
    );
  }
  if (array.elementType === 'bool') return Uint8Array.from(array.value, Number);
  if (array.elementType === 'int64' || array.elementType === 'uint64') {
    return new Uint8Array(BigInt64Array.from(Array.from(array.value)).buffer);
  }
  return new Uint8Array(NUMERIC_ARRAYS[array.elementType].from(array.value as ArrayLike<number>).buffer);
}

function entryOf(key: string, value: GgufValue): GoldenEntry {
  if (value.type !== 'array') {
    return [key, value.type, typeof value.value === 'bigint' ? Number(value.value) : value.value];
  }
  const elements = Array.from<unknown>(value.value as ArrayLike<unknown>);
  const type = `array:${value.elementType}`;
  if (elements.length <= WHOLE) return [key, type, elements];
  return [key, type, elements.length, checksum(arrayBytes(value)), elements.slice(0, SHOWN)];
}

/** Reads a GGUF file as goldens keep it. */
export async function ggufGolden(path: string): Promise<GgufGolden> {
  const file = await readGguf(path);
  const handle = await open(path);
  try {
    const tensors: GoldenTensor[] = [];
    for (const tensor of file.tensors) tensors.push(await tensorOf(handle, file, tensor));
    return { metadata: [...file.metadata].map(([key, value]) => entryOf(key, value)), tensors };
  } finally {
    await handle.close();
  }
}

async function tensorOf(
  handle: Parameters<typeof readTensorData>[0],
  file: GgufFile,
  tensor: GgufTensor,
): Promise<GoldenTensor> {
  const data = await readTensorData(handle, file, tensor);
  return [tensor.name, tensor.dimensions, `${tensor.type} ${checksum(data)}`];
}
