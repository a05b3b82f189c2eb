import { type CheckpointTensor, type Dtype, DTYPE_BYTES } from '../checkpoint.js';
import { FormatError, quote } from '../format-error.js';
import { topLevelKeys } from './json-keys.js';

/** A tensor with the place of its data. */
export interface StoredTensor extends CheckpointTensor {
  /** Offsets of its first byte and behind its last one, counted from the end of the header. */
  readonly begin: number;
  readonly end: number;
}

/**
 * Checks the JSON header of a safetensors file.
 *
 * @param json the header's bytes
 * @param dataBytes how many bytes follow the header in the file
 * @returns the tensors sorted by name
 * @throws FormatError naming the first rule that is broken; the rules are those of the format's own library
 */
export function parseHeader(json: Buffer, dataBytes: number): StoredTensor[] {
  const text = json.toString('utf8');
  const header = parseObject(text);
  const duplicate = firstDuplicate(topLevelKeys(text));
  if (duplicate !== undefined) throw fault(`tensor ${quote(duplicate)} appears twice`);
  const tensors = Object.entries(header)
    .filter(([name]) => name !== '__metadata__')
    .map(([name, entry]) => parseTensor(name, entry));
  checkCoverage(tensors, dataBytes);
  return tensors.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function fault(message: string): FormatError {
  return new FormatError('safetensors', message);
}

function parseObject(text: string): Record<string, unknown> {
  if (!text.startsWith('{')) throw fault('expected the header to start with "{"');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new FormatError('safetensors', 'the header is not valid JSON', { cause: error });
  }
  return value as Record<string, unknown>;
}

function firstDuplicate(keys: readonly string[]): string | undefined {
  const seen = new Set<string>();
  return keys.find((key) => {
    if (seen.has(key)) return true;
    seen.add(key);
    return false;
  });
}

function parseTensor(name: string, entry: unknown): StoredTensor {
  const what = `tensor ${quote(name)}`;
  if (typeof entry !== 'object' || entry === null) throw fault(`expected an object for ${what}`);
  const { dtype, shape, data_offsets: offsets } = entry as Record<string, unknown>;
  if (typeof dtype !== 'string' || !Object.hasOwn(DTYPE_BYTES, dtype)) {
    throw fault(`${what} has the unknown dtype ${quote(String(dtype))}`);
  }
  if (!isCounts(shape)) throw fault(`expected an array of non-negative integers for the shape of ${what}`);
  if (!isCounts(offsets) || offsets.length !== 2) {
    throw fault(`expected two non-negative integers for the offsets of ${what}`);
  }
  const [begin = 0, end = 0] = offsets;
  if (end < begin) throw fault(`the offsets of ${what} are in the wrong order: [${begin}, ${end}]`);
  checkSize(what, dtype as Dtype, shape, end - begin);
  return { name, dtype: dtype as Dtype, shape, begin, end };
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}

function checkSize(what: string, dtype: Dtype, shape: readonly number[], bytes: number): void {
  // In bigint: a hostile shape may overflow any fixed width.
  const needed = shape.reduce((product, size) => product * BigInt(size), BigInt(DTYPE_BYTES[dtype]));
  if (needed > BigInt(Number.MAX_SAFE_INTEGER))
    throw fault(`the shape [${shape.join(', ')}] of ${what} overflows`);
  if (needed !== BigInt(bytes)) {
    throw fault(
      `${what} of shape [${shape.join(', ')}] in ${dtype} takes ${needed.toString()} bytes, its offsets span ${bytes}`,
    );
  }
}

/** The data must be covered exactly once: no overlap, no hole, nothing behind the last tensor. */
function checkCoverage(tensors: readonly StoredTensor[], dataBytes: number): void {
  const ordered = [...tensors].sort((a, b) => a.begin - b.begin || a.end - b.end);
  let position = 0;
  for (const tensor of ordered) {
    const what = `tensor ${quote(tensor.name)}`;
    if (tensor.begin < position) throw fault(`${what} overlaps another one at offset ${tensor.begin}`);
    if (tensor.begin > position)
      throw fault(`bytes ${position} to ${tensor.begin} before ${what} belong to no tensor`);
    if (tensor.end > dataBytes) {
      throw fault(
        `${what} ends at byte ${tensor.end} of the data, past its end at ${dataBytes}: the file is truncated`,
      );
    }
    position = tensor.end;
  }
  if (position < dataBytes) throw fault(`${dataBytes - position} bytes at the end belong to no tensor`);
}
