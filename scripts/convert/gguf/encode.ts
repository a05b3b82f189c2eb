import { endianness } from 'node:os';

import { FormatError, quote } from '../format-error.js';
import { GGML_TYPES, type GgmlTypeName } from './ggml-types.js';
import { GGUF_MAGIC, GGUF_VERSION } from './limits.js';
import {
  GGUF_VALUE_TYPES,
  type GgufMetadata,
  type GgufNumericType,
  type GgufValue,
  isNumericType,
  NUMERIC_ARRAYS,
} from './values.js';

/** A tensor's description as it goes into the file. */
export interface EncodedTensor {
  readonly name: string;
  readonly type: GgmlTypeName;
  readonly dimensions: readonly number[];
  readonly offset: number;
}

/** The bytes of header, metadata and tensor descriptions, without the padding behind them. */
export function encodeHead(metadata: GgufMetadata, tensors: readonly EncodedTensor[]): Buffer {
  if (endianness() !== 'LE')
    throw new FormatError('GGUF', 'writing on a big-endian machine is not supported');
  const parts: Uint8Array[] = [
    Buffer.from(GGUF_MAGIC, 'latin1'),
    uint32(GGUF_VERSION),
    uint64(tensors.length),
    uint64(metadata.size),
  ];
  for (const [key, value] of metadata) {
    parts.push(text(key));
    pushValue(parts, value, quote(key));
  }
  for (const tensor of tensors) pushTensor(parts, tensor);
  return Buffer.concat(parts);
}

function pushTensor(parts: Uint8Array[], tensor: EncodedTensor): void {
  parts.push(text(tensor.name), uint32(tensor.dimensions.length));
  for (const dimension of tensor.dimensions) parts.push(uint64(dimension));
  parts.push(uint32(GGML_TYPES[tensor.type].id), uint64(tensor.offset));
}

function pushValue(parts: Uint8Array[], value: GgufValue, what: string): void {
  parts.push(uint32(GGUF_VALUE_TYPES[value.type]));
  if (value.type === 'string') parts.push(text(value.value));
  else if (value.type === 'bool') parts.push(Uint8Array.of(value.value ? 1 : 0));
  else if (value.type === 'array') pushArray(parts, value, what);
  else parts.push(numbers(value.type, [value.value], what));
}

function pushArray(parts: Uint8Array[], array: GgufValue & { type: 'array' }, what: string): void {
  parts.push(uint32(GGUF_VALUE_TYPES[array.elementType]), uint64(array.value.length));
  if (array.elementType === 'string') {
    for (const element of array.value) parts.push(text(element));
  } else if (array.elementType === 'bool') {
    parts.push(Uint8Array.from(array.value, (element) => (element ? 1 : 0)));
  } else if (isNumericType(array.elementType)) {
    parts.push(numbers(array.elementType, array.value, what));
  }
}

/** Little-endian bytes of numbers; whole-number types refuse what they cannot hold, float32 rounds. */
function numbers(type: GgufNumericType, values: ArrayLike<number | bigint>, what: string): Uint8Array {
  const source = Array.from(values);
  const target =
    type === 'uint64' || type === 'int64'
      ? NUMERIC_ARRAYS[type].from(source.map(BigInt))
      : NUMERIC_ARRAYS[type].from(source.map(Number));
  if (type !== 'float32' && type !== 'float64') {
    const wrong = source.find((value, index) => target[index] !== value);
    if (wrong !== undefined)
      throw new FormatError('GGUF', `expected ${type} for ${what}, received ${wrong.toString()}`);
  }
  return new Uint8Array(target.buffer, target.byteOffset, target.byteLength);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'utf8');
  return Buffer.concat([uint64(bytes.length), bytes]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}
