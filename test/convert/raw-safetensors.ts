import { writeFile } from 'node:fs/promises';

/** A header's entry for one tensor. */
export interface HeaderEntry {
  readonly dtype: unknown;
  readonly shape: unknown;
  readonly data_offsets: unknown;
}

/** A safetensors file from a header, as an object or as text, and a number of data bytes or the bytes. */
export function rawSafetensors(
  header: Readonly<Record<string, unknown>> | string,
  data: number | Uint8Array,
): Buffer {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, typeof data === 'number' ? Buffer.alloc(data) : data]);
}

/** A tensor to be written. */
export interface NewTensor {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

/** Writes a sound safetensors file, tensors in the order given. */
export async function writeSafetensors(path: string, tensors: readonly NewTensor[]): Promise<void> {
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } };
  let offset = 0;
  for (const { name, dtype, shape, data } of tensors) {
    header[name] = { dtype, shape, data_offsets: [offset, offset + data.length] };
    offset += data.length;
  }
  await writeFile(path, rawSafetensors(header, Buffer.concat(tensors.map(({ data }) => data))));
}
