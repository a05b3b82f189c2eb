import { writeFile } from 'node:fs/promises';

import type { NewTensor } from './raw-safetensors.js';
import { rawZip, type ZipEntry } from './raw-zip.js';

/** A piece of a pickle. */
export type Pickle = Buffer;

/** Opcodes one after the other: a number is a byte, a text its Latin-1 bytes. */
export function ops(...parts: readonly (number | string | Uint8Array)[]): Pickle {
  return Buffer.concat(
    parts.map((part) => {
      if (typeof part === 'number') return Buffer.of(part);
      return typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from(part);
    }),
  );
}

/** A number's little-endian bytes. */
export function little(value: number | bigint, bytes: 2 | 4 | 8): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeBigInt64LE(BigInt(value));
  return buffer.subarray(0, bytes);
}

export const text = (value: string): Pickle =>
  ops('X', little(Buffer.byteLength(value), 4), Buffer.from(value));
export const int = (value: number): Pickle =>
  Math.abs(value) < 2 ** 31 ? ops('J', little(value, 4)) : ops(0x8a, 8, little(value, 8));
export const global = (module: string, name: string): Pickle => ops('c', module, '\n', name, '\n');
export const tuple = (...items: readonly Pickle[]): Pickle => ops('(', ...items, 't');
export const dict = (items: Readonly<Record<string, Pickle>>): Pickle =>
  ops('}(', ...Object.entries(items).flatMap(([key, value]) => [text(key), value]), 'u');
export const orderedDict: Pickle = ops(global('collections', 'OrderedDict'), ')R');
export const reduce = (callable: Pickle, ...values: readonly Pickle[]): Pickle =>
  ops(callable, tuple(...values), 'R');
/** A whole pickle of protocol 2. */
export const whole = (value: Pickle): Pickle => ops(0x80, 2, value, '.');

const STORAGES: Readonly<Record<string, readonly [type: string, bytes: number]>> = {
  F64: ['DoubleStorage', 8],
  F32: ['FloatStorage', 4],
  F16: ['HalfStorage', 2],
  BF16: ['BFloat16Storage', 2],
  I64: ['LongStorage', 8],
  U8: ['ByteStorage', 1],
  BOOL: ['BoolStorage', 1],
};

/** A tensor's fields as they stand in a pickle; what is left out is that of two F32 elements in storage "0". */
export interface TensorFields {
  readonly key?: string;
  readonly dtype?: string;
  /** Elements of the storage; default: as many as the shape has. */
  readonly length?: number;
  readonly offset?: number;
  readonly shape?: readonly number[];
  /** Default: row-major. */
  readonly strides?: readonly number[];
}

function rowMajor(shape: readonly number[]): number[] {
  return shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1));
}

export function storage({ key = '0', dtype = 'F32', length, shape = [2] }: TensorFields): Pickle {
  const count = length ?? shape.reduce((product, size) => product * size, 1);
  const type = global('torch', STORAGES[dtype]?.[0] ?? dtype);
  return ops(tuple(text('storage'), type, text(key), text('cpu'), int(count)), 'Q');
}

/** A tensor as torch.save writes it. */
export function tensor(fields: TensorFields = {}): Pickle {
  const { offset = 0, shape = [2], strides = rowMajor(shape) } = fields;
  return reduce(
    global('torch._utils', '_rebuild_tensor_v2'),
    storage(fields),
    int(offset),
    tuple(...shape.map(int)),
    tuple(...strides.map(int)),
    ops(0x89),
    orderedDict,
  );
}

/** The entries of a torch.save file: a pickle, its storages by key, and others by name. */
export function torchEntries(
  pickle: Pickle,
  storages: Readonly<Record<string, Uint8Array>> = { 0: new Uint8Array(8) },
  others: Readonly<Record<string, string>> = { byteorder: 'little', version: '3\n' },
): ZipEntry[] {
  return [
    { name: 'archive/data.pkl', data: pickle },
    ...Object.entries(storages).map(([key, data]) => ({ name: `archive/data/${key}`, data })),
    ...Object.entries(others).map(([name, data]) => ({ name: `archive/${name}`, data: Buffer.from(data) })),
  ];
}

/** Writes a sound state dict, tensors in the order given. */
export async function writeTorch(path: string, tensors: readonly NewTensor[]): Promise<void> {
  const state = Object.fromEntries(
    tensors.map(({ name, dtype, shape }, index) => [name, tensor({ key: String(index), dtype, shape })]),
  );
  const storages = Object.fromEntries(tensors.map(({ data }, index) => [String(index), data]));
  await writeFile(path, rawZip(torchEntries(whole(dict(state)), storages)));
}
