import { escapedCodePoint } from '../grammar-rules.js';

/** First and last code point, both included. */
export type Range = readonly [first: number, last: number];

const LAST = 0x10ffff;

/** Ranges in ascending order that neither touch nor overlap. */
export function union(ranges: readonly Range[]): readonly Range[] {
  const result: [number, number][] = [];
  for (const [first, last] of ranges.toSorted(([a], [b]) => a - b)) {
    const previous = result.at(-1);
    if (previous !== undefined && first <= previous[1] + 1) previous[1] = Math.max(previous[1], last);
    else result.push([first, last]);
  }
  return result;
}

/** All code points that are in none of the ranges. */
export function complement(ranges: readonly Range[]): readonly Range[] {
  const result: Range[] = [];
  let next = 0;
  for (const [first, last] of union(ranges)) {
    if (first > next) result.push([next, first - 1]);
    next = last + 1;
  }
  if (next <= LAST) result.push([next, LAST]);
  return result;
}

/** Code points that are in both. */
export function intersection(some: readonly Range[], others: readonly Range[]): readonly Range[] {
  return complement([...complement(some), ...complement(others)]);
}

const SHORT: Readonly<Record<number, string>> = { 8: 'b', 9: 't', 10: 'n', 12: 'f', 13: 'r' };
/** What stands in a JSON string only escaped. */
const ESCAPED: readonly Range[] = [
  [0, 0x1f],
  [0x22, 0x22],
  [0x5c, 0x5c],
];
const SURROGATES: Range = [0xd800, 0xdfff];

/**
 * One of some code points inside a JSON string, as alternatives of GBNF: escaped where JSON asks for it, and only there.
 *
 * @returns none if there is no such code point in a well-formed text
 */
export function inString(ranges: readonly Range[]): readonly string[] {
  const result: string[] = [];
  const plain = intersection(ranges, complement([...ESCAPED, SURROGATES]));
  if (plain.length > 0) result.push(`[${plain.map(rangeText).join('')}]`);
  const escaped = codePointsOf(intersection(ranges, ESCAPED));
  const short = escaped.map((each) => (each > 0x1f ? String.fromCodePoint(each) : (SHORT[each] ?? '')));
  const letters = short
    .filter((each) => each !== '')
    .map((each) => escapedCodePoint(each.codePointAt(0) ?? 0));
  if (letters.length > 0) result.push(String.raw`"\\" [${letters.join('')}]`);
  for (const head of [0, 1]) {
    const digits = escaped.filter((each) => each >> 4 === head && SHORT[each] === undefined);
    if (digits.length === 0) continue;
    result.push(String.raw`"\\u00${head}" [${digits.map((each) => (each & 15).toString(16)).join('')}]`);
  }
  return result;
}

function rangeText([first, last]: Range): string {
  const low = escapedCodePoint(first);
  return first === last ? low : `${low}-${escapedCodePoint(last)}`;
}

/** Of ranges that are small. */
function codePointsOf(ranges: readonly Range[]): readonly number[] {
  return ranges.flatMap(([first, last]) =>
    Array.from({ length: last - first + 1 }, (_, index) => first + index),
  );
}
