import { describe, test } from 'node:test';
import { crc32 } from 'node:zlib';

import { loadAddon } from '../../../src/engine/addon.js';
import { defaults } from '../../native/reference.js';
import { assertNone, grouped, isClose } from './compare.js';
import { rowLogits } from './logits.js';
import { LISTED_VALUES, readRows, type StoredRow } from './stored.js';

const addon = loadAddon();
/** Scores that stand for infinity are left out of sums. */
const HUGE = 1e30;

function bitsOf(scores: Float32Array): Uint8Array {
  const bits = new Uint8Array(Math.ceil(scores.length / 8));
  scores.forEach((score, id) => {
    if (score > -Infinity) bits[id >> 3] = (bits[id >> 3] ?? 0) | (1 << (id & 7));
  });
  return bits;
}

function isMask(scores: Float32Array, { mask }: StoredRow): boolean {
  if (mask === null) return scores.every((score) => score > -Infinity);
  const bits = bitsOf(scores);
  return typeof mask === 'number' ? crc32(bits) === mask : Buffer.from(bits).toString('base64') === mask;
}

/** The largest difference of a value, measured as isClose() does, is what counts; sums grow with the values they add up. */
function valuesDiffer(scores: Float32Array, { survivors, values }: StoredRow): string[] {
  const kept = [...scores.filter((score) => score > -Infinity)];
  const listed = kept.slice(0, LISTED_VALUES);
  const found = listed.flatMap((score, index) =>
    isClose(score, values[index] ?? NaN) ? [] : [`survivor ${index}: ${score} instead of ${values[index]}`],
  );
  if (survivors <= LISTED_VALUES) return found;
  const finite = kept.filter((score) => Math.abs(score) < HUGE);
  const [sum = NaN, squares = NaN] = values.slice(LISTED_VALUES);
  const total = finite.reduce((all, score) => all + score, 0);
  const totalOfSquares = finite.reduce((all, score) => all + score * score, 0);
  const allowed = 1e-6 * Math.max(1, squares);
  if (!(Math.abs(total - sum) <= allowed)) found.push(`sum: ${total} instead of ${sum}`);
  if (!(Math.abs(totalOfSquares - squares) <= allowed))
    found.push(`squares: ${totalOfSquares} instead of ${squares}`);
  return found;
}

function differencesOf(row: StoredRow): string[] {
  const { size, seed, history, promptSize, parameters, survivors } = row;
  const scores = addon.processScores(
    rowLogits(size, seed),
    history,
    { ...defaults, doSample: false, ...parameters },
    promptSize,
  );
  const kept = scores.filter((score) => score > -Infinity).length;
  const found = isMask(scores, row)
    ? valuesDiffer(scores, row)
    : [`${kept} survive instead of ${survivors}, or others`];
  return found.map((line) => `${JSON.stringify([size, seed, history, promptSize, parameters])}\n    ${line}`);
}

const rows = readRows();

describe(`processed scores are transformers': ${rows.length} rows`, () => {
  for (const [size, group] of grouped(rows, (row) => String(row.size))) {
    test(`${group.length} rows of ${size} entries`, () => {
      assertNone(group.flatMap(differencesOf), group.length);
    });
  }
});
