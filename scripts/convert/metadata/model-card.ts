import { join } from 'node:path';

import { isScalar, parseDocument, visit } from 'yaml';

import { FormatError } from '../format-error.js';
import { readTextIfPresent } from '../json-file.js';

/** A value of a model card. Numbers and booleans are kept as they are written: "1.10" stays "1.10". */
export type CardValue = string | null | readonly CardValue[] | { readonly [key: string]: CardValue };

/** The entries of a model card's front matter. */
export type ModelCard = ReadonlyMap<string, CardValue>;

/**
 * Reads the YAML front matter of a checkpoint's README.md.
 *
 * @param onWarning hears of front matter that can't be read: what describes a model is no reason not to convert it
 * @returns an empty map where there is no card, no front matter, none that can be read, or no entries in it
 */
export async function readModelCard(
  folder: string,
  onWarning?: (warning: string) => void,
): Promise<ModelCard> {
  const card = await readFrontMatter(join(folder, 'README.md'));
  if (typeof card !== 'string') return card;
  onWarning?.(`README.md: the front matter can't be read (${card}): the file's description is left out`);
  return new Map();
}

/** The entries, or why there are none to be had. */
async function readFrontMatter(path: string): Promise<ModelCard | string> {
  let text: string | undefined;
  try {
    text = await readTextIfPresent(path);
  } catch (error) {
    if (error instanceof FormatError) return 'not UTF-8';
    throw error;
  }
  const lines = text?.split(/\r\n|\n|\r/) ?? [];
  if (lines[0] !== '---') return new Map();
  const end = lines.indexOf('---', 1);
  return parseFrontMatter(lines.slice(1, end === -1 ? lines.length : end));
}

function parseFrontMatter(lines: readonly string[]): ModelCard | string {
  // Tabs are no YAML, but well-known cards have them; llama.cpp's converter reads them as two spaces too.
  const yaml = lines.join('\n').replaceAll('\t', '  ');
  const document = parseDocument(yaml, { uniqueKeys: false, logLevel: 'silent' });
  const [error] = document.errors;
  if (error !== undefined) {
    return `not YAML: ${error.code}, line ${(error.linePos?.[0].line ?? 0) + 1}`;
  }
  visit(document, {
    Scalar(_, node) {
      if (node.value !== null) node.value = node.source;
    },
    Pair(_, { key }) {
      if (isScalar(key)) key.value = key.source;
    },
  });
  try {
    const value = document.toJS() as CardValue;
    return new Map(isMapping(value) ? Object.entries(value) : []);
  } catch {
    return 'its aliases multiply, or refer to nothing';
  }
}

/** Whether a value holds named entries. */
export function isMapping(value: CardValue | undefined): value is Readonly<Record<string, CardValue>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The first of some entries that is a text. */
export function cardText(card: ModelCard, ...keys: readonly string[]): string | undefined {
  return keys.map((key) => card.get(key)).find((value) => typeof value === 'string');
}

/** An entry's items: those of a list, or the one that stands alone. */
export function cardItems(value: CardValue | undefined): readonly CardValue[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? (value as readonly CardValue[]) : [value];
}
