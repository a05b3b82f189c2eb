import { FormatError, quote } from '../format-error.js';
import type { BpeModel, Merge } from './bpe-model.js';

/** Where a token's merges stand in the list. */
interface Span {
  readonly text: string;
  /** Lengths of their left parts, in UTF-16 units. */
  readonly cuts: number[];
  readonly first: number;
  last: number;
}

/**
 * Scores with which llama.cpp's SentencePiece tokenizer merges as the list of merges says. It knows no list: it
 * joins any two neighbours whose union is a token, the highest score first, the leftmost of equal ones. So every
 * pair that makes a token has to be in the list, and all that make the same token at the same place.
 * llama.cpp's converter gives all tokens the same score, which loses the order.
 *
 * @param joins whether text is made of a token; others need no merges, being cut out of the text before
 * @returns by the token's text; tokens that no merge makes are left out
 * @throws FormatError naming a token that scores cannot express
 */
export function scoresOfMerges(model: BpeModel, joins: (text: string) => boolean): Map<string, number> {
  const { merges } = model;
  const spans = spansOf(merges);
  refuseUnlisted(model, spans, joins);
  const scores = new Map<string, number>();
  let score = 0;
  for (const group of groups([...spans.values()])) {
    if (group.length > 1) refuseMixed(group, merges);
    for (const { text } of group) scores.set(text, score);
    score -= 1;
  }
  return scores;
}

/** By the token's text, in order of the first places in the list. */
function spansOf(merges: readonly Merge[]): Map<string, Span> {
  const spans = new Map<string, Span>();
  for (const [rank, [left, right]] of merges.entries()) {
    const text = left + right;
    const span = spans.get(text);
    if (span === undefined) spans.set(text, { text, cuts: [left.length], first: rank, last: rank });
    else {
      span.cuts.push(left.length);
      span.last = rank;
    }
  }
  return spans;
}

/** Tokens whose merges stand among each other's. */
function groups(spans: readonly Span[]): Span[][] {
  const result: Span[][] = [];
  let end = -1;
  for (const span of spans) {
    if (span.first > end) result.push([span]);
    else result.at(-1)?.push(span);
    end = Math.max(end, span.last);
  }
  return result;
}

/**
 * transformers sorts the merges of pieces with equal scores by length, longest first, whatever they make:
 * Chinese-LLaMA's 17,953 new pieces are such. Equal scores are what they came from.
 */
function refuseMixed(group: readonly Span[], merges: readonly Merge[]): void {
  const start = Math.min(...group.map(({ first }) => first));
  const end = Math.max(...group.map(({ last }) => last));
  for (let rank = start + 1; rank <= end; rank += 1) {
    const [former, next] = [merges[rank - 1], merges[rank]];
    if (former === undefined || next === undefined || compareLengths(former, next) >= 0) continue;
    throw new FormatError(
      'tokenizer.json',
      `the merges that make ${quote(group[0]?.text ?? '')} do not follow each other, which scores cannot express`,
    );
  }
}

function compareLengths([left, right]: Merge, [otherLeft, otherRight]: Merge): number {
  return characters(left) - characters(otherLeft) || characters(right) - characters(otherRight);
}

/** In code points, as transformers counts. */
function characters(text: string): number {
  return Array.from(text).length;
}

function refuseUnlisted(
  { vocabulary }: BpeModel,
  spans: ReadonlyMap<string, Span>,
  joins: (text: string) => boolean,
): void {
  for (const text of vocabulary.keys()) {
    const cuts = spans.get(text)?.cuts;
    for (let cut = 1; cut < text.length; cut += 1) {
      const left = text.slice(0, cut);
      if (!vocabulary.has(left) || cuts?.includes(cut) === true) continue;
      const right = text.slice(cut);
      if (!vocabulary.has(right) || ![left, right, text].every(joins)) continue;
      throw new FormatError(
        'tokenizer.json',
        `no merge joins ${quote(left)} and ${quote(right)}, but llama.cpp would: it joins whatever makes a token`,
      );
    }
  }
}
