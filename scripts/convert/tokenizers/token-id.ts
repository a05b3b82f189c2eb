import { join } from 'node:path';

import { z } from 'zod';

import { FormatError, quote } from '../format-error.js';
import { parseJsonFileIfPresent } from '../json-file.js';

const MAX_ID = 0x7fffffff;

/** A token's number as llama.cpp holds it. */
export const tokenId = z.int().min(0).max(MAX_ID);

/**
 * Token texts and their ids out of a JSON object. Written by hand: a vocabulary has up to some 250,000 entries,
 * among them names such as "__proto__".
 *
 * @param file the file's name, for the message
 * @throws FormatError naming the first entry that is wrong
 */
export function readTokenIds(file: string, value: unknown): Map<string, number> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new FormatError(file, 'expected an object of texts and ids for the vocabulary');
  }
  const ids = new Map<string, number>();
  for (const [text, id] of Object.entries(value as Readonly<Record<string, unknown>>)) {
    if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id > MAX_ID) {
      throw new FormatError(file, `expected an id for token ${quote(text)}, received ${JSON.stringify(id)}`);
    }
    ids.set(text, id);
  }
  return ids;
}

/** Reads such a file, undefined if there is none. */
export async function readTokenIdFile(
  folder: string,
  file: string,
): Promise<Map<string, number> | undefined> {
  const value = await parseJsonFileIfPresent(join(folder, file), z.unknown());
  return value === undefined ? undefined : readTokenIds(file, value);
}
