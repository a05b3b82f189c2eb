import { join } from 'node:path';

import { readTextIfPresent } from '../json-file.js';

/** Top-level entries of a model card's front matter that are plain text or lists of plain text. */
export type ModelCard = ReadonlyMap<string, string | readonly string[]>;

/**
 * Reads the YAML front matter of a checkpoint's README.md, as far as model cards use YAML for licence, tags
 * and languages: `key: text`, `key: [a, b]` and `key:` with `- item` lines. Everything nested is left out.
 *
 * @returns an empty map where there is no card or no front matter
 */
export async function readModelCard(folder: string): Promise<ModelCard> {
  const text = await readTextIfPresent(join(folder, 'README.md'));
  const lines = text?.split(/\r\n|\n|\r/) ?? [];
  const end = lines.indexOf('---', 1);
  if (lines[0] !== '---') return new Map();
  return parseFrontMatter(lines.slice(1, end === -1 ? lines.length : end));
}

function parseFrontMatter(lines: readonly string[]): ModelCard {
  const card = new Map<string, string | readonly string[]>();
  for (const [index, line] of lines.entries()) {
    const entry = /^([A-Za-z_][\w-]*):(?:\s+(.*))?$/.exec(line);
    const key = entry?.[1];
    if (key === undefined) continue;
    const inline = withoutComment(entry?.[2] ?? '');
    if (inline === '') {
      const items = listItems(lines.slice(index + 1));
      if (items.length > 0) card.set(key, items);
    } else if (inline.startsWith('[') && inline.endsWith(']')) {
      card.set(
        key,
        inline
          .slice(1, -1)
          .split(',')
          .map((item) => unquoted(item.trim())),
      );
    } else if (!/^[{|>&*!]/.test(inline)) {
      card.set(key, unquoted(inline));
    }
  }
  return card;
}

/** The `- item` lines that follow directly; a list that holds anything but plain text is no list of ours. */
function listItems(lines: readonly string[]): string[] {
  const items: string[] = [];
  for (const line of lines) {
    const item = /^\s*-\s+(.*)$/.exec(line)?.[1];
    if (item === undefined) return /^\s+\S/.test(line) ? [] : items;
    if (/^[^'"]*:(\s|$)/.test(item) || /^[[{]/.test(item)) return [];
    items.push(unquoted(withoutComment(item)));
  }
  return items;
}

function withoutComment(text: string): string {
  return text.replace(/(^|\s)#.*$/, '').trim();
}

function unquoted(text: string): string {
  return /^(["']).*\1$/.test(text) ? text.slice(1, -1) : text;
}
