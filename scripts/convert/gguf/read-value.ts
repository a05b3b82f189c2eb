import { FormatError } from '../format-error.js';
import type { Cursor } from './cursor.js';
import { MAX_ARRAY_ELEMENTS, MAX_STRING_BYTES } from './limits.js';
import {
  type GgufArray,
  type GgufNumericType,
  type GgufScalar,
  type GgufValue,
  type GgufValueType,
  NUMERIC_ARRAYS,
  valueTypeById,
} from './values.js';

/** Reads one metadata value, its type in front. `what` names it in messages. */
export async function readValue(cursor: Cursor, what: string): Promise<GgufValue> {
  const type = await readType(cursor, what);
  if (type === 'array') return readArray(cursor, what);
  if (type === 'string') return { type, value: await cursor.string(what, MAX_STRING_BYTES) };
  if (type === 'bool') return { type, value: (await readBools(cursor, 1, what))[0] === true };
  const [value] = await readNumbers(cursor, type, 1, what);
  return { type, value } as GgufScalar;
}

async function readType(cursor: Cursor, what: string): Promise<GgufValueType> {
  const id = await cursor.uint32(`the type of ${what}`);
  const type = valueTypeById(id);
  if (type === undefined) throw new FormatError('GGUF', `${what} has the unknown value type ${id}`);
  return type;
}

async function readArray(cursor: Cursor, what: string): Promise<GgufArray> {
  const elementType = await readType(cursor, `the elements of ${what}`);
  const length = await cursor.count(`the number of elements of ${what}`, MAX_ARRAY_ELEMENTS);
  if (elementType === 'array') throw new FormatError('GGUF', `${what} is an array of arrays`);
  if (elementType === 'string')
    return { type: 'array', elementType, value: await readStrings(cursor, length, what) };
  if (elementType === 'bool')
    return { type: 'array', elementType, value: await readBools(cursor, length, what) };
  const value = await readNumbers(cursor, elementType, length, what);
  return { type: 'array', elementType, value } as GgufArray;
}

async function readStrings(cursor: Cursor, length: number, what: string): Promise<string[]> {
  // Grows with what is really there: the length is only a claim.
  const values: string[] = [];
  for (let index = 0; index < length; index += 1) {
    values.push(await cursor.string(`element ${index} of ${what}`, MAX_STRING_BYTES));
  }
  return values;
}

async function readBools(cursor: Cursor, length: number, what: string): Promise<boolean[]> {
  const bytes = await cursor.bytes(length, what);
  const wrong = bytes.find((byte) => byte > 1);
  if (wrong !== undefined)
    throw new FormatError('GGUF', `expected 0 or 1 for the bool ${what}, received ${wrong}`);
  return Array.from(bytes, (byte) => byte === 1);
}

async function readNumbers(cursor: Cursor, type: GgufNumericType, length: number, what: string) {
  const ArrayType = NUMERIC_ARRAYS[type];
  const bytes = await cursor.bytes(length * ArrayType.BYTES_PER_ELEMENT, what);
  return new ArrayType(bytes.buffer);
}
