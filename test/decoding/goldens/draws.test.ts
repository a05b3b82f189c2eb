import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { loadAddon } from '../../../src/engine/addon.js';
import { assertNone, isClose } from './compare.js';
import { readVectors } from './stored.js';

const addon = loadAddon();
const { draws } = readVectors();
const PROBABILITIES = [0.5, 0.25, 0.125, 0.125];
const EXPONENTIALS = 5000;

/** torch.multinomial's draws: ids by descending p / E, of which single draws take the first. */
function ranked(exponentials: Float32Array): number[] {
  const keys = PROBABILITIES.map((probability, id) => probability / (exponentials[id] ?? NaN));
  return PROBABILITIES.map((_, id) => id).toSorted((a, b) => (keys[b] ?? NaN) - (keys[a] ?? NaN));
}

describe("vector 17: random numbers are torch's", () => {
  test(`Exp(1) after ${draws.exponentials.length} seeds`, () => {
    const found = draws.exponentials.flatMap(([seed, first, last]) => {
      const drawn = addon.torchExponentials(seed, EXPONENTIALS);
      const actual = [...drawn.subarray(0, first.length), ...drawn.subarray(-last.length)];
      const same = [...first, ...last].every((value, index) => isClose(actual[index], value));
      return same ? [] : [`seed ${seed}: ${actual.join(' ')} instead of ${[...first, ...last].join(' ')}`];
    });
    assertNone(found, draws.exponentials.length);
  });

  test('single draws and draws without replacement', () => {
    const count = draws.oneByOne.length * PROBABILITIES.length;
    const exponentials = addon.torchExponentials(0, count);
    const single = draws.oneByOne.map((_, draw) => ranked(exponentials.subarray(draw * 4, draw * 4 + 4))[0]);
    assert.deepEqual(single, draws.oneByOne);
    assert.deepEqual(ranked(exponentials), draws.withoutReplacement);
  });
});
