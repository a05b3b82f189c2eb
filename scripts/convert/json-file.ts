import { isUtf8 } from 'node:buffer';
import { basename } from 'node:path';

import type { z } from 'zod';

import { FormatError } from './format-error.js';
import { readSmallFile } from './regular-file.js';

/** Far more than any of these files has. */
const MAX_DEPTH = 100;

/**
 * Reads a UTF-8 text file; a leading byte order mark is dropped.
 *
 * @throws FormatError if it is not UTF-8, no file or too large; the file system's error if it cannot be read
 */
export async function readText(path: string): Promise<string> {
  const bytes = await readSmallFile(path);
  if (!isUtf8(bytes)) throw new FormatError(basename(path), 'the file is not UTF-8');
  const text = bytes.toString('utf8');
  return text.startsWith('\uFEFF') ? text.slice(1) : text;
}

/** The same, undefined if there is no such file. */
export async function readTextIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readText(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Reads a JSON file and checks it.
 *
 * @throws FormatError naming the file and the first entry that is wrong
 */
export async function parseJsonFile<T extends z.ZodType>(path: string, schema: T): Promise<z.output<T>> {
  return parseJson(basename(path), await readText(path), schema);
}

/** The same, undefined if there is no such file. */
export async function parseJsonFileIfPresent<T extends z.ZodType>(
  path: string,
  schema: T,
): Promise<z.output<T> | undefined> {
  const text = await readTextIfPresent(path);
  return text === undefined ? undefined : parseJson(basename(path), text, schema);
}

function parseJson<T extends z.ZodType>(file: string, text: string, schema: T): z.output<T> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new FormatError(file, 'the file is not valid JSON', { cause: error });
  }
  if (isDeep(value)) throw new FormatError(file, `more than ${MAX_DEPTH} objects and arrays are nested`);
  return checkJson(file, value, schema);
}

/** Level by level: a recursion could be driven out of the stack, which is why the depth is limited at all. */
function isDeep(value: unknown): boolean {
  let level = [value];
  for (let depth = 0; depth <= MAX_DEPTH; depth += 1) {
    level = level.flatMap((item) => (isNested(item) ? Object.values(item).filter(isNested) : []));
    if (level.length === 0) return false;
  }
  return true;
}

function isNested(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/**
 * Checks a value out of a JSON file.
 *
 * @param file the file's name, for the message
 * @throws FormatError naming the first entry that is wrong
 */
export function checkJson<T extends z.ZodType>(file: string, value: unknown, schema: T): z.output<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const entry = issue?.path.map(String).join('.') ?? '';
  throw new FormatError(file, `${entry === '' ? '' : `${entry}: `}${issue?.message ?? 'invalid'}`);
}
