import type { GrammarRules } from '../grammar-rules.js';

/** Items of which one rule is made where there are many: {m,n} of GBNF is written out, and has its limit. */
const BLOCK = 64;
/** What a lower bound may be, and what an upper one that is larger acts as. */
export const MAX_REPETITIONS = 64_000;

/**
 * An item `least` to `most` times, as one sequence: long counts are put together from blocks, so that the grammar
 * grows with their number alone, and each count has few readings.
 *
 * @param item one that is no sequence by itself
 * @param most undefined is without end
 */
export function repeated(rules: GrammarRules, item: string, least: number, most: number | undefined): string {
  if (most === undefined) return [...exactly(rules, item, least), `${item}*`].join(' ');
  return [...exactly(rules, item, least), ...upTo(rules, item, most - least)].join(' ');
}

function exactly(rules: GrammarRules, item: string, count: number): string[] {
  const [blocks, rest] = [Math.floor(count / BLOCK), count % BLOCK];
  const items: string[] = [];
  if (blocks > 0) items.push(times(blockOf(rules, item), blocks));
  if (rest > 0) items.push(times(item, rest));
  return items;
}

function upTo(rules: GrammarRules, item: string, count: number): string[] {
  if (count <= 0) return [];
  if (count < 2 * BLOCK) return [count === 1 ? `${item}?` : `${item}{0,${count}}`];
  const [blocks, rest] = [Math.floor(count / BLOCK), count % BLOCK];
  const block = blockOf(rules, item);
  const less = `${block}{0,${blocks - 1}} ${item}{0,${BLOCK - 1}}`;
  return [`(${less} | ${[times(block, blocks), ...upTo(rules, item, rest)].join(' ')})`];
}

function times(item: string, count: number): string {
  return count === 1 ? item : `${item}{${count}}`;
}

function blockOf(rules: GrammarRules, item: string): string {
  return rules.add('block', `${item}{${BLOCK}}`);
}
