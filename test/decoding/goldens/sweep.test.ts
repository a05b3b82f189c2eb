import { describe, test } from 'node:test';

import { assertNone, differencesOf, grouped } from './compare.js';
import { readSweep, type StoredRun } from './stored.js';

/** num_return_sequences 1 is the first row of the same search: make_sweep.py asserts it of transformers. */
function bestAlone(run: StoredRun): StoredRun {
  return {
    ...run,
    parameters: { ...run.parameters, numReturnSequences: 1 },
    sequences: run.sequences.slice(0, 1),
    scores: (run.scores ?? []).slice(0, 1),
  };
}

const sweep = readSweep();

describe(`beam search is transformers': ${sweep.length} vectors of the sweep, all beams and the best alone`, () => {
  for (const [seed, runs] of grouped(sweep, ({ table }) => String(table.seed))) {
    test(`${2 * runs.length} searches on table ${seed}`, async () => {
      const found: string[] = [];
      for (const group of grouped(runs, ({ table }) => JSON.stringify(table)).values())
        found.push(...(await differencesOf([...group, ...group.map(bestAlone)])));
      assertNone(found, 2 * runs.length);
    });
  }
});
