import { describe, test } from 'node:test';

import { assertNone, differencesOf, grouped } from './compare.js';
import { readMixed, type StoredRun } from './stored.js';

function modeOf({ parameters: { numBeams = 1, doSample = false } }: StoredRun): string {
  if (numBeams > 1) return doSample ? 'beam sampling' : 'beam search';
  return doSample ? 'sampling' : 'greedy search';
}

const mixed = readMixed();

describe(`random processors in every mode give transformers' tokens and scores: ${mixed.length} vectors`, () => {
  for (const [mode, runs] of grouped(mixed, modeOf)) {
    test(`${runs.length} of ${mode}`, async () => {
      const found: string[] = [];
      for (const group of grouped(runs, ({ table }) => JSON.stringify(table)).values())
        found.push(...(await differencesOf(group)));
      assertNone(found, runs.length);
    });
  }
});
