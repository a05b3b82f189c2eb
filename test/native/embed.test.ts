import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';

import { loadAddon } from '../../src/engine/addon.js';
import { hashTable, TableEngine } from './table-engine.js';

const SIZE = 12;
const TABLES = [hashTable(SIZE, 1), hashTable(SIZE, 2)] as const;

type TableOptions = Parameters<typeof TableEngine.create>[0];

async function make(t: TestContext, options: TableOptions = {}): Promise<TableEngine> {
  const engine = await TableEngine.create({ contextSize: 40, adapterTables: [TABLES[1]], ...options });
  t.after(() => engine.stop());
  return engine;
}

/** The mean of the tokens' rows of the table, normalised. */
function expected(tokens: readonly number[], adapterSet: 0 | 1 = 0): number[] {
  const sums = Array.from({ length: SIZE }, (_, column) =>
    tokens.reduce((sum, token) => sum + (TABLES[adapterSet][token * SIZE + column] ?? NaN), 0),
  );
  const norm = Math.hypot(...sums);
  return sums.map((sum) => Math.fround(sum / norm));
}

function rows(vectors: Float32Array): number[][] {
  return Array.from({ length: vectors.length / SIZE }, (_, index) => [
    ...vectors.subarray(index * SIZE, (index + 1) * SIZE),
  ]);
}

/** Tokens that differ from input to input. */
function input(length: number, seed: number): number[] {
  return Array.from({ length }, (_, place) => (place * 5 + seed * 7 + ((place * seed) % 3)) % SIZE);
}

function assertVectors(
  vectors: Float32Array,
  inputs: readonly (readonly number[])[],
  adapterSet: 0 | 1 = 0,
): void {
  for (const [index, row] of rows(vectors).entries()) {
    const wanted = expected(inputs[index] ?? [], adapterSet);
    for (const [column, value] of row.entries()) {
      assert.ok(Math.abs(value - (wanted[column] ?? NaN)) < 1e-7, `input ${index}, element ${column}`);
    }
  }
  assert.equal(vectors.length, inputs.length * SIZE);
}

// The table takes batches of 16 tokens, 3 sequences and 40 cells, and throws on any that does not fit.
describe('embedding jobs', () => {
  for (const reproducible of [false, true]) {
    test(`give the mean of every input, in order${reproducible ? ', reproducibly' : ''}`, async (t) => {
      const engine = await make(t, { reproducible });
      const lengths = [1, 2, 40, 3, 1, 1, 17, 16, 15, 33, 1, 40, 40, 2];
      const inputs = lengths.map((length, index) => input(length, index));
      assertVectors(await engine.embed(inputs).done, inputs);
    });

    test(`beside each other and streams give what is theirs${reproducible ? ', reproducibly' : ''}`, async (t) => {
      const engine = await make(t, { reproducible });
      const alone = await engine.run({ maxNewTokens: 30 });
      const streams = Array.from({ length: 4 }, () => engine.start({ maxNewTokens: 30 }).done);
      const jobs = Array.from({ length: 9 }, (_, job) =>
        Array.from({ length: 1 + job * 2 }, (_unused, index) =>
          input(1 + ((job * 11 + index * 5) % 40), index),
        ),
      );
      const vectors = await Promise.all(
        jobs.map(async (inputs, job) => await engine.embed(inputs, job % 2).done),
      );
      for (const [job, inputs] of jobs.entries()) {
        assertVectors(vectors[job] ?? new Float32Array(), inputs, job % 2 === 0 ? 0 : 1);
      }
      for (const outcome of await Promise.all(streams)) assert.deepEqual(outcome.tokens, alone.tokens);
    });
  }

  test('take turns: a short one need not wait for a long one', async (t) => {
    const engine = await make(t, { stepDelayMs: 2 });
    const ended: string[] = [];
    const long = engine.embed(Array.from({ length: 50 }, (_, index) => input(40, index))).done;
    const first = long.then(() => ended.push('long'));
    const short = [input(5, 1)];
    assertVectors(await engine.embed(short).done, short);
    ended.push('short');
    await first;
    assert.deepEqual(ended, ['short', 'long']);
  });

  for (const reproducible of [false, true]) {
    const mode = reproducible ? ', reproducibly' : '';
    test(`with hidden states that are no numbers fail, and leave the others alone${mode}`, async (t) => {
      const table = TABLES[0].slice();
      const bad = SIZE - 1;
      table[bad * SIZE + 3] = NaN;
      const engine = await make(t, { table, reproducible, stepDelayMs: 2 });
      const good = (seed: number, length: number) => input(length, seed).map((token) => token % bad);
      const says = /^Error: the model's hidden states are no finite numbers$/;
      // The first keeps the engine at work until the others are there: they share batches, one after the other.
      const jobs: [readonly (readonly number[])[], boolean][] = [
        [[good(1, 40)], true],
        [[good(2, 3), good(3, 2), good(4, 30)], true],
        [[[0, bad], good(5, 4), good(6, 4)], false],
        [[good(7, 2), good(8, 40)], true],
        [[[...good(9, 30), bad, ...good(10, 9)], good(11, 3)], false],
        [[good(12, 1), good(13, 1), [bad], [bad], good(14, 20)], false],
        [[good(15, 17), good(16, 5)], true],
      ];
      const ends = jobs.map(async ([inputs, succeeds]) => {
        const { done } = engine.embed(inputs);
        if (succeeds) assertVectors(await done, inputs);
        else await assert.rejects(done, says);
      });
      await Promise.all(ends);
      const after = [good(17, 40), good(18, 1)];
      assertVectors(await engine.embed(after).done, after);
    });
  }

  test('without inputs give nothing', async (t) => {
    const engine = await make(t);
    assert.equal((await engine.embed([]).done).length, 0);
  });

  test('that are cancelled fail, and leave the others alone', async (t) => {
    const engine = await make(t, { stepDelayMs: 2 });
    const many = Array.from({ length: 200 }, (_, index) => input(40, index));
    const left = engine.embed(many);
    const others = [input(33, 4), input(7, 5)];
    const other = engine.embed(others);
    await engine.embed([input(3, 1)]).done;
    engine.cancelEmbed(left.id);
    engine.cancelEmbed(left.id);
    engine.cancelEmbed(123_456);
    await assert.rejects(left.done, /^Error: the request was cancelled$/);
    assertVectors(await other.done, others);
  });

  test('do not run while their consumer is behind', async (t) => {
    const engine = await make(t);
    engine.withhold = true;
    // As many steps as may be unacknowledged, and one that is cut off.
    const stream = engine.start({ maxNewTokens: 100, prompt: [1] });
    const settled: string[] = [];
    const job = engine.embed(Array.from({ length: 100 }, () => input(40, 2)));
    const done = job.done.then(() => settled.push('embedded'));
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.deepEqual(settled, []);
    engine.cancel(stream.id);
    engine.release();
    await Promise.all([done, stream.done]);
  });
});

describe('what is checked before memory is touched', () => {
  const refusals: [string, readonly (readonly number[])[], number, RegExp][] = [
    ['an empty input', [[1], []], 0, /expected inputs of 1 to 40 tokens, received 0/],
    ['too long an input', [input(41, 1)], 0, /expected inputs of 1 to 40 tokens, received 41/],
    ['an id that is none', [[1, SIZE]], 0, /expected token ids below 12, received 12/],
    ['a negative id', [[-1]], 0, /expected token ids below 12, received -1/],
    ['an adapter set that is none', [[1]], 2, /expected an adapter set below 2, received 2/],
    ['a negative adapter set', [[1]], -1, /expected an adapter set below 2, received -1/],
  ];
  for (const [what, inputs, adapterSet, says] of refusals) {
    test(what, async (t) => {
      const engine = await make(t);
      await assert.rejects(engine.embed(inputs, adapterSet).done, says);
    });
  }

  test('room, which has to be made', async (t) => {
    const native = await loadAddon().createTableEngine(
      [TABLES[0]],
      {
        pieces: Array.from({ length: SIZE }, () => new Uint8Array(1)),
        contextSize: 40,
        parallelSequences: 1,
        kvCells: 0,
        beamCells: 0,
        stepDelayMs: 0,
        cacheRamBytes: 0,
        reproducible: false,
      },
      () => undefined,
    );
    const alive = setInterval(() => undefined, 60_000);
    t.after(async () => {
      clearInterval(alive);
      await native.stop();
    });
    const failure = await new Promise((resolve) => {
      native.embed({ id: 1, inputs: [[1]], adapterSet: 0 }, resolve);
    });
    assert.equal(failure, 'hidden states are asked for before prepare()');
  });
});
