import { grammarLiteral } from '../grammar-rules.js';

/** Items of GBNF one after the other: texts in quotes, classes, names of rules, groups. */
export type Sequence = readonly string[];

/** How deep common beginnings are taken out. */
const MAX_FACTORS = 12;

/**
 * One of several sequences, with common beginnings written once: a grammar's readings stay as few as texts differ.
 *
 * @returns alternatives without parentheses around them
 */
export function choice(sequences: readonly Sequence[], depth = 0): string {
  const groups = new Map<string, Sequence[]>();
  for (const sequence of sequences) {
    const key = depth < MAX_FACTORS ? (sequence[0] ?? '') : sequence.join(' ');
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [sequence]);
    else group.push(sequence);
  }
  const alternatives = [...groups.values()].map((group) => {
    const [first = []] = group;
    if (group.length === 1 || depth >= MAX_FACTORS) return first.join(' ');
    const shared = commonLength(group);
    const rests = group.map((sequence) => sequence.slice(shared));
    return [...first.slice(0, shared), ...tail(rests, depth)].join(' ');
  });
  return alternatives.map((text) => (text === '' ? '""' : text)).join(' | ');
}

/** Sequences in which each is there once. */
export function distinct(sequences: readonly Sequence[]): readonly Sequence[] {
  return sequences.length < 2
    ? sequences
    : [...new Map(sequences.map((sequence) => [sequence.join(' '), sequence])).values()];
}

function tail(rests: readonly Sequence[], depth: number): Sequence {
  const filled = rests.filter((rest) => rest.length > 0);
  if (filled.length === 0) return [];
  return [`(${choice(filled, depth + 1)})${filled.length < rests.length ? '?' : ''}`];
}

function commonLength(group: readonly Sequence[]): number {
  const [first = []] = group;
  let shared = first.length;
  for (const sequence of group) {
    let length = 0;
    while (length < shared && length < sequence.length && sequence[length] === first[length]) length += 1;
    shared = length;
  }
  return shared;
}

/** One of several texts, as alternatives without parentheses, common beginnings written once. */
export function literalChoice(texts: readonly string[]): string {
  return branches(
    [...new Set(texts)].sort().map((text) => Array.from(text)),
    0,
  );
}

function branches(texts: readonly (readonly string[])[], depth: number): string {
  const result: string[] = [];
  for (let start = 0; start < texts.length;) {
    const first = texts[start] ?? [];
    let end = start + 1;
    while (depth < MAX_FACTORS && first.length > 0 && end < texts.length && texts[end]?.[0] === first[0]) {
      end += 1;
    }
    result.push(branch(texts.slice(start, end), depth));
    start = end;
  }
  return result.join(' | ');
}

function branch(texts: readonly (readonly string[])[], depth: number): string {
  const [first = []] = texts;
  if (texts.length === 1) return grammarLiteral(first.join(''));
  const shared = commonLength(texts);
  const rests = texts.map((text) => text.slice(shared)).filter((rest) => rest.length > 0);
  const optional = rests.length < texts.length ? '?' : '';
  return `${grammarLiteral(first.slice(0, shared).join(''))} (${branches(rests, depth + 1)})${optional}`;
}
