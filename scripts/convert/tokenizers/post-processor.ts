import { z } from 'zod';

import { checkJson } from '../json-file.js';
import type { SpecialTokens } from './special-tokens.js';

/** One piece of a template: a special token or one of the texts ("A", "B"). */
const piece = z.looseObject({
  SpecialToken: z.looseObject({ id: z.string() }).optional(),
  Sequence: z.looseObject({ id: z.string() }).optional(),
});

const templateSchema = z.looseObject({
  single: z.array(piece).default([]),
  pair: z.array(piece).default([]),
});

const robertaSchema = z.looseObject({
  cls: z.tuple([z.string(), z.int()]).optional(),
  sep: z.tuple([z.string(), z.int()]).optional(),
});

type Piece = z.output<typeof piece>;

/**
 * Learns from tokenizer.json's post-processor which special tokens encoding adds, and which they are where
 * tokenizer_config.json leaves that open, as llama.cpp's converter does. Templates that are more than
 * special tokens around one text, or around two, cannot be expressed in GGUF; they leave what was known.
 */
export function applyPostProcessor(
  processor: Readonly<Record<string, unknown>>,
  special: SpecialTokens,
): void {
  const { processors } = processor;
  const list = Array.isArray(processors) ? (processors as Readonly<Record<string, unknown>>[]) : [processor];
  for (const entry of list) {
    if (entry['type'] === 'RobertaProcessing') applyRoberta(entry, special);
    if (entry['type'] === 'TemplateProcessing') applyTemplate(entry, special);
  }
}

function applyRoberta(entry: unknown, { texts, added }: SpecialTokens): void {
  const { cls, sep } = checkJson('tokenizer.json', entry, robertaSchema);
  for (const name of ['bos', 'eos', 'sep'] as const) added.set(name, true);
  if (!texts.has('cls') && cls !== undefined) texts.set('cls', cls[0]);
  if (!texts.has('sep') && sep !== undefined) texts.set('sep', sep[0]);
}

function applyTemplate(entry: unknown, special: SpecialTokens): void {
  const { texts, added } = special;
  const { single, pair } = checkJson('tokenizer.json', entry, templateSchema);
  if (!texts.has('bos')) copy(texts, 'cls', 'bos');
  if (!texts.has('eos')) copy(texts, 'sep', 'eos');
  const first = single.length > 1 ? tokenOf(single[0]) : undefined;
  const last = single.length > 1 ? tokenOf(single.at(-1)) : undefined;
  if (first !== undefined) {
    if (!texts.has('bos')) texts.set('bos', first);
    if (!texts.has('cls')) texts.set('cls', first);
    added.set('bos', first === texts.get('bos') || first === texts.get('cls'));
  }
  if (last !== undefined) {
    const former = texts.get('eos');
    if (former !== last) keepFormerEnd(former, texts);
    texts.set('eos', last);
    added.set('eos', true);
  }
  applyPair(pair, { first, last }, special);
}

/** What was the end token before the template's took its place ends a turn, or a message. */
function keepFormerEnd(former: string | undefined, texts: SpecialTokens['texts']): void {
  const place = (['eot', 'eom'] as const).find((name) => !texts.has(name));
  if (former !== undefined && place !== undefined) texts.set(place, former);
}

/** What stands between two texts: GGUF can only say whether it is the separator. */
function applyPair(
  pair: readonly Piece[],
  { first, last }: { first: string | undefined; last: string | undefined },
  { texts, added }: SpecialTokens,
): void {
  const start = first !== undefined && tokenOf(pair[0]) === first ? 1 : 0;
  const end = last !== undefined && tokenOf(pair.at(-1)) === last ? pair.length - 1 : pair.length;
  const inner = pair.slice(start, end);
  const between = inner.slice(1, -1);
  if (inner[0]?.Sequence?.id !== 'A' || inner.at(-1)?.Sequence?.id !== 'B' || between.length === 0) return;
  const separators = between.map(tokenOf);
  const isSeparator = (token: string | undefined): boolean =>
    token !== undefined && (token === texts.get('sep') || token === texts.get('eos'));
  const separates =
    (isSeparator(separators[0]) && last === undefined) ||
    (separators.length === 2 && isSeparator(separators[1]));
  added.set('sep', separates);
  if (separates && !texts.has('sep')) copy(texts, 'eos', 'sep');
}

function tokenOf(value: Piece | undefined): string | undefined {
  return value?.SpecialToken?.id;
}

function copy<K, V>(map: Map<K, V>, from: K, to: K): void {
  const value = map.get(from);
  if (value !== undefined) map.set(to, value);
}
