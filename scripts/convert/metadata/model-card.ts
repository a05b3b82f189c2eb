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
 * @returns an empty map where there is no card, no front matter, or something else than entries in it
 * @throws FormatError if the front matter is not YAML
 */
export async function readModelCard(folder: string): Promise<ModelCard> {
  const text = await readTextIfPresent(join(folder, 'README.md'));
  const lines = text?.split(/\r\n|\n|\r/) ?? [];
  if (lines[0] !== '---') return new Map();
  const end = lines.indexOf('---', 1);
  return parseFrontMatter(lines.slice(1, end === -1 ? lines.length : end));
}

function parseFrontMatter(lines: readonly string[]): ModelCard {
  // Tabs are no YAML, but well-known cards have them; llama.cpp's converter reads them as two spaces too.
  const yaml = lines.join('\n').replaceAll('\t', '  ');
  const document = parseDocument(yaml, { uniqueKeys: false, logLevel: 'silent' });
  const [error] = document.errors;
  if (error !== undefined) {
    const line = (error.linePos?.[0].line ?? 0) + 1;
    throw new FormatError('README.md', `the front matter is not valid YAML (${error.code}, line ${line})`);
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
  } catch (error) {
    // Aliases that multiply.
    throw new FormatError('README.md', 'the front matter cannot be expanded', { cause: error });
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
