import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import type { NativeEvent } from '../../src/engine/native-engine.js';
import { hashTable, type Outcome, TableEngine } from './table-engine.js';

/** Engines with three adapter sets, each a language of its own. */
function create(options: Parameters<typeof TableEngine.create>[0] = {}): Promise<TableEngine> {
  return TableEngine.create({ adapterTables: [hashTable(12, 2), hashTable(12, 3)], ...options });
}

async function idle(engine: TableEngine): Promise<ReturnType<TableEngine['stats']>> {
  for (let round = 0; round < 400; round += 1) {
    const stats = engine.stats();
    if (stats.activeRequests + stats.queuedRequests === 0) return stats;
    await sleep(5);
  }
  return engine.stats();
}

/** Requests that got a token in a step. */
function requestsOf(step: readonly NativeEvent[]): Set<number> {
  return new Set(step.flatMap((event) => (event[0] === 'token' ? [event[1]] : [])));
}

const prompt = Array.from({ length: 40 }, (_, index) => (index * 7) % 12);

describe('adapter sets', () => {
  test('give a request what its own gives', async () => {
    const engine = await create();
    const outcomes: Outcome[] = [];
    for (const adapterSet of [0, 1, 2]) outcomes.push(await engine.run({ adapterSet }));
    for (const [set, seed] of [1, 2, 3].entries()) {
      const alone = await TableEngine.create({ table: hashTable(12, seed) });
      assert.deepEqual(outcomes[set], await alone.run());
      await alone.stop();
    }
    assert.equal(new Set(outcomes.map(({ texts }) => texts[0])).size, 3);
    await engine.stop();
  });

  test('that do not exist are refused', async () => {
    const engine = await create();
    for (const adapterSet of [-1, 3]) {
      await assert.rejects(() => engine.run({ adapterSet }), /expected an adapter set below 3, received/);
    }
    await engine.stop();
  });

  test('never share a batch; sequences of one do', async () => {
    const engine = await create({ stepDelayMs: 1, parallelSequences: 6 });
    const started = [0, 1, 2, 0, 1, 2].map((adapterSet) =>
      engine.start({ adapterSet, maxNewTokens: 100, doSample: true }),
    );
    const setOf = new Map(started.map(({ id }, index) => [id, index % 3]));
    await Promise.all(started.map(({ done }) => done));
    const steps = engine.steps.map(requestsOf).filter((ids) => ids.size > 0);
    for (const ids of steps) assert.equal(new Set([...ids].map((id) => setOf.get(id))).size, 1);
    assert.ok(steps.some((ids) => ids.size === 2));
    await engine.stop();
  });

  test('take turns: none waits until another has finished', async () => {
    const engine = await create({ stepDelayMs: 2, contextSize: 4096 });
    const first = engine.start({ adapterSet: 0, maxNewTokens: 4000 });
    const second = engine.start({ adapterSet: 2, maxNewTokens: 4000 });
    const { reasons } = await engine.run({ adapterSet: 1, maxNewTokens: 30 });
    assert.deepEqual(reasons, ['length']);
    // Two more rounds of turns: both others have gone on meanwhile.
    await engine.run({ adapterSet: 1, maxNewTokens: 30 });
    for (const { id, done } of [first, second]) {
      engine.cancel(id);
      const { reasons: ends, tokens } = await done;
      assert.deepEqual(ends, ['cancelled']);
      assert.ok((tokens[0]?.length ?? 0) > 10);
    }
    await engine.stop();
  });

  test('get about the same time, however many sequences each has', async () => {
    const engine = await create({ stepDelayMs: 2, contextSize: 4096, parallelSequences: 8 });
    const many = Array.from({ length: 5 }, () => engine.start({ adapterSet: 0, maxNewTokens: 4000 }));
    const single = engine.start({ adapterSet: 1, maxNewTokens: 4000 });
    await sleep(600);
    for (const { id } of [...many, single]) engine.cancel(id);
    const [of5, of1] = [await many[0]?.done, await single.done];
    const ratio = (of5?.tokens[0]?.length ?? 0) / (of1.tokens[0]?.length ?? 1);
    assert.ok(ratio > 0.5 && ratio < 2, `steps of one set to those of the other: ${ratio}`);
    await engine.stop();
  });

  test('that have nothing to do take no turn', async () => {
    const engine = await create();
    await engine.run({ adapterSet: 1, maxNewTokens: 5 });
    const before = engine.stats().decodeSteps;
    await engine.run({ adapterSet: 2, maxNewTokens: 100 });
    // The prompt, and a step for every token but the first.
    assert.equal((await idle(engine)).decodeSteps - before, 100);
    await engine.stop();
  });
});

describe('beside requests with other adapters', () => {
  const requests = Array.from({ length: 36 }, (_, index) => ({
    prompt: prompt.slice(0, 1 + ((index * 5) % 40)),
    doSample: index % 4 !== 0,
    seed: index,
    maxNewTokens: 5 + (index % 17),
    numReturnSequences: index % 4 === 0 ? 1 : 1 + (index % 3),
    adapterSet: index % 3,
  }));

  for (const [what, options] of [
    ['kept prefixes', { parallelSequences: 8, cacheRamBytes: 1e6 }],
    ['a pool of cells that is too small', { parallelSequences: 8, contextSize: 80, kvCells: 260 }],
    ['reproducible decoding', { parallelSequences: 8, reproducible: true }],
  ] as const) {
    test(`each gets what it gets alone, with ${what}`, async () => {
      const alone = await create({ parallelSequences: 1 });
      const expected: Outcome[] = [];
      for (const request of requests) expected.push(await alone.run(request));
      await alone.stop();
      const together = await create(options);
      const received = await Promise.all(requests.map((request) => together.run(request)));
      assert.deepEqual(
        received.map(({ tokens, failure }) => ({ tokens, failure })),
        expected.map(({ tokens }) => ({ tokens, failure: null })),
      );
      assert.equal((await idle(together)).usedCells, 0);
      await together.stop();
    });
  }

  test('a long prompt comes in chunks that a stream can wait for', async () => {
    // 256 tokens in 160 ms are more than a stream is to wait for, so the second chunk has to be smaller.
    const engine = await create({ contextSize: 4096, stepDelayMs: 160 });
    const stream = engine.start({ adapterSet: 1, maxNewTokens: 4000 });
    await sleep(100);
    const long = Array.from({ length: 3 * 256 }, (_, index) => index % 12);
    await engine.run({ prompt: long, maxNewTokens: 1, adapterSet: 2 });
    const ofStream = engine.steps.filter((step) => requestsOf(step).has(stream.id)).length;
    assert.ok(ofStream > 2, 'the stream got tokens between the chunks');
    assert.equal(engine.stats().decodeSteps - ofStream, 4);
    engine.cancel(stream.id);
    await stream.done;
    await engine.stop();
  });

  test('cancelling one leaves the others running', async () => {
    const engine = await create({ stepDelayMs: 2 });
    const cancelled = engine.start({
      adapterSet: 1,
      maxNewTokens: 200,
      numReturnSequences: 2,
      doSample: true,
    });
    const other = engine.start({ adapterSet: 0, maxNewTokens: 60 });
    await sleep(60);
    engine.cancel(cancelled.id);
    assert.deepEqual((await cancelled.done).reasons, ['cancelled', 'cancelled']);
    assert.deepEqual((await other.done).reasons, ['length']);
    assert.equal((await idle(engine)).usedCells, 0);
    await engine.stop();
  });

  test('pausing the one whose turn it is lets the others go on', async () => {
    const engine = await create({ stepDelayMs: 1, contextSize: 4096 });
    const paused = engine.start({ adapterSet: 0, maxNewTokens: 300 });
    await sleep(10);
    engine.setPaused(paused.id, true);
    assert.deepEqual((await engine.run({ adapterSet: 2, maxNewTokens: 50 })).reasons, ['length']);
    engine.setPaused(paused.id, false);
    assert.equal((await paused.done).tokens[0]?.length, 300);
    await engine.stop();
  });
});

describe('prefixes', () => {
  test('kept for one set are not reused for another', async () => {
    const engine = await create({ cacheRamBytes: 1e6 });
    for (const adapterSet of [0, 1, 2]) {
      assert.equal((await engine.run({ prompt, adapterSet })).cachedTokens, 0);
    }
    // All three are kept beside each other.
    for (const adapterSet of [2, 0, 1]) {
      assert.equal((await engine.run({ prompt, adapterSet })).cachedTokens, 39);
    }
    assert.equal((await idle(engine)).cachedPrefixes, 3);
    await engine.stop();
  });

  test('of a running request are not reused for another set', async () => {
    const engine = await create({ stepDelayMs: 2 });
    const running = engine.start({ prompt, maxNewTokens: 200, adapterSet: 1 });
    await sleep(50);
    const request = { prompt: [...prompt, 3, 3], maxNewTokens: 2 };
    assert.equal((await engine.run({ ...request, adapterSet: 0 })).cachedTokens, 0);
    assert.ok((await engine.run({ ...request, adapterSet: 1 })).cachedTokens >= 39);
    engine.cancel(running.id);
    await running.done;
    await engine.stop();
  });
});
