import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { hashTable, type Outcome, TableEngine } from './table-engine.js';

/** Greedy continuation of a bigram table, computed here. */
function greedy(table: Float32Array, vocabularySize: number, last: number, count: number): number[] {
  const tokens: number[] = [];
  for (let token = last; tokens.length < count;) {
    const row = table.subarray(token * vocabularySize, (token + 1) * vocabularySize);
    token = row.indexOf(Math.max(...row));
    tokens.push(token);
  }
  return tokens;
}

async function idle(engine: TableEngine): Promise<ReturnType<TableEngine['stats']>> {
  for (let round = 0; round < 200; round += 1) {
    const stats = engine.stats();
    if (stats.activeRequests + stats.queuedRequests === 0) return stats;
    await sleep(5);
  }
  return engine.stats();
}

test('the test table is the specified one', () => {
  assert.deepEqual([...hashTable(4, 1).subarray(0, 4)], [-1.25, 0.623046875, 2.224609375, -1.26171875]);
});

describe('one request', () => {
  test('is decoded to its length', async () => {
    const engine = await TableEngine.create();
    const { tokens, reasons, promptTokens } = await engine.run({ maxNewTokens: 20 });
    assert.deepEqual(tokens[0], greedy(hashTable(12, 1), 12, 4, 20));
    assert.deepEqual(reasons, ['length']);
    assert.equal(promptTokens, 3);
    await engine.stop();
  });

  test('ends with its EOS, which is its last token', async () => {
    const engine = await TableEngine.create();
    const row = greedy(hashTable(12, 1), 12, 4, 20);
    const eos = row[3] ?? -1;
    const { tokens, reasons } = await engine.run({ eosTokenId: [eos, 11] });
    assert.deepEqual(tokens[0], row.slice(0, row.indexOf(eos) + 1));
    assert.deepEqual(reasons, ['eos']);
    await engine.stop();
  });

  test('uses its context to the last cell: the last token is never fed back', async () => {
    const engine = await TableEngine.create({ contextSize: 16 });
    const { reasons, tokens, failure } = await engine.run({ maxNewTokens: 14 });
    assert.equal(failure, null);
    assert.deepEqual(reasons, ['length']);
    assert.equal(tokens[0]?.length, 14);
    await engine.stop();
  });

  test('a row without any token left fails by name and loses nothing else', async () => {
    const table = hashTable(12, 1);
    table.fill(NaN, 5 * 12, 6 * 12);
    const engine = await TableEngine.create({ table });
    const [broken, sound] = await Promise.all([
      engine.run({ prompt: [5], doSample: true }),
      engine.run({ prompt: [4], maxNewTokens: 1 }),
    ]);
    assert.match(broken.failure ?? '', /no token to choose/);
    assert.equal(sound.failure, null);
    assert.equal((await idle(engine)).usedCells, 0);
    await engine.stop();
  });
});

describe('several sequences of one request', () => {
  test('share one prefill and differ by their index', async () => {
    const engine = await TableEngine.create({ parallelSequences: 4 });
    const prompt = Array.from({ length: 100 }, (_, index) => index % 12);
    const outcome = await engine.run({ prompt, doSample: true, seed: 5, numReturnSequences: 4 });
    assert.equal(new Set(outcome.texts).size, 4);
    assert.equal((await idle(engine)).promptTokens, 100);
    await engine.stop();
  });

  test('may be more than there are slots, with the same result', async () => {
    const request = { doSample: true, seed: 5, numReturnSequences: 7, maxNewTokens: 12 };
    const results: Outcome[] = [];
    for (const parallelSequences of [1, 3, 7]) {
      const engine = await TableEngine.create({ parallelSequences });
      results.push(await engine.run(request));
      assert.equal((await idle(engine)).activeSequences, 0);
      await engine.stop();
    }
    assert.deepEqual(results[1]?.tokens, results[0]?.tokens);
    assert.deepEqual(results[2]?.tokens, results[0]?.tokens);
  });

  test('go on when the first of them is cancelled during the prompt', async () => {
    const engine = await TableEngine.create({ stepDelayMs: 20 });
    const prompt = Array.from({ length: 250 }, (_, index) => index % 12);
    // A running stream makes the prompt take several steps.
    const stream = engine.start({ maxNewTokens: 200 });
    await sleep(50);
    const request = engine.start({ prompt, numReturnSequences: 3, doSample: true, maxNewTokens: 4 });
    engine.cancel(request.id, 0);
    const { reasons, tokens } = await request.done;
    assert.deepEqual(reasons, ['cancelled', 'length', 'length']);
    assert.equal(tokens[1]?.length, 4);
    engine.cancel(stream.id);
    await stream.done;
    assert.equal((await idle(engine)).usedCells, 0);
    await engine.stop();
  });
});

describe('many requests', () => {
  test('give each what it gets alone, in whatever company', async () => {
    const requests = Array.from({ length: 30 }, (_, index) => ({
      prompt: Array.from({ length: 1 + (index % 9) }, (_unused, position) => (index * 5 + position) % 12),
      doSample: true,
      seed: index,
      maxNewTokens: 5 + (index % 17),
      numReturnSequences: 1 + (index % 3),
    }));
    const alone = await TableEngine.create({ parallelSequences: 1 });
    const expected: Outcome[] = [];
    for (const request of requests) expected.push(await alone.run(request));
    await alone.stop();
    const together = await TableEngine.create({ parallelSequences: 8, cacheRamBytes: 1e6 });
    const received = await Promise.all(requests.map((request) => together.run(request)));
    assert.deepEqual(
      received.map(({ tokens }) => tokens),
      expected.map(({ tokens }) => tokens),
    );
    await together.stop();
  });

  test('preempt the youngest when the pool of cells is full, and all finish as if alone', async () => {
    const requests = Array.from({ length: 8 }, (_, seed) => ({ doSample: true, seed, maxNewTokens: 60 }));
    const roomy = await TableEngine.create({ parallelSequences: 8, contextSize: 64 });
    const expected = await Promise.all(requests.map((request) => roomy.run(request)));
    await roomy.stop();
    const tight = await TableEngine.create({ parallelSequences: 8, contextSize: 64, kvCells: 150 });
    const received = await Promise.all(requests.map((request) => tight.run(request)));
    assert.deepEqual(received, expected);
    assert.ok((await idle(tight)).preemptions > 0);
    await tight.stop();
  });

  test('are served in order of arrival', async () => {
    const engine = await TableEngine.create({ parallelSequences: 1 });
    const order: number[] = [];
    await Promise.all(
      Array.from({ length: 6 }, async (_, index) => {
        await engine.run();
        order.push(index);
      }),
    );
    assert.deepEqual(order, [0, 1, 2, 3, 4, 5]);
    await engine.stop();
  });

  test('do not stall running streams: a long prompt comes in chunks', async () => {
    const engine = await TableEngine.create({ contextSize: 4096, parallelSequences: 2 });
    const stream = engine.start({ maxNewTokens: 4000 });
    await sleep(10);
    const prompt = Array.from({ length: 2000 }, (_, index) => index % 12);
    const before = engine.steps.length;
    await engine.run({ prompt, maxNewTokens: 1 });
    assert.ok(engine.steps.length - before >= 2000 / 256, 'the stream got a token between the chunks');
    engine.cancel(stream.id);
    await stream.done;
    await engine.stop();
  });
});

describe('kept prefixes', () => {
  const prompt = Array.from({ length: 40 }, (_, index) => (index * 7) % 12);

  test('of a finished request are reused, all but the last token', async () => {
    const engine = await TableEngine.create({ cacheRamBytes: 1e6 });
    const first = await engine.run({ prompt });
    const second = await engine.run({ prompt });
    assert.equal(first.cachedTokens, 0);
    assert.equal(second.cachedTokens, 39);
    assert.deepEqual(second.tokens, first.tokens);
    await engine.stop();
  });

  test('of a running request are reused', async () => {
    const engine = await TableEngine.create({ stepDelayMs: 2 });
    const running = engine.start({ prompt, maxNewTokens: 200 });
    await sleep(50);
    const { cachedTokens } = await engine.run({ prompt: [...prompt, 3, 3], maxNewTokens: 2 });
    assert.ok(cachedTokens >= 39, `${cachedTokens} cached`);
    engine.cancel(running.id);
    await running.done;
    await engine.stop();
  });

  test('include what was generated: a conversation goes on where it was', async () => {
    const engine = await TableEngine.create({ cacheRamBytes: 1e6 });
    const first = await engine.run({ prompt, maxNewTokens: 30 });
    const { cachedTokens } = await engine.run({ prompt: [...prompt, ...(first.tokens[0] ?? []), 5] });
    assert.equal(cachedTokens, 40 + 29);
    await engine.stop();
  });

  test('stay under their budget, least recently used dropped first', async () => {
    const budget = 2000;
    const engine = await TableEngine.create({ cacheRamBytes: budget });
    const prompts = Array.from({ length: 12 }, (_, index) =>
      Array.from({ length: 40 }, (_unused, at) => (at * (index + 1)) % 12),
    );
    for (const each of prompts) await engine.run({ prompt: [...each, 11], maxNewTokens: 1 });
    const stats = await idle(engine);
    assert.ok(stats.cachedPrefixBytes <= budget && stats.cachedPrefixes > 0 && stats.cachedPrefixes < 12);
    assert.equal((await engine.run({ prompt: [...(prompts[11] ?? []), 11] })).cachedTokens, 40);
    await engine.stop();
  });

  test('are not made without a budget', async () => {
    const engine = await TableEngine.create({ cacheRamBytes: 0 });
    await engine.run({ prompt });
    assert.equal((await engine.run({ prompt })).cachedTokens, 0);
    await engine.stop();
  });

  test('are not used in reproducible mode', async () => {
    const engine = await TableEngine.create({ cacheRamBytes: 1e6, reproducible: true });
    await engine.run({ prompt });
    assert.equal((await engine.run({ prompt })).cachedTokens, 0);
    await engine.stop();
  });
});

describe('cancellation', () => {
  test('while queued', async () => {
    const engine = await TableEngine.create({ parallelSequences: 1, stepDelayMs: 5 });
    const running = engine.start({ maxNewTokens: 100 });
    const queued = engine.start();
    engine.cancel(queued.id);
    const { reasons, tokens } = await queued.done;
    assert.deepEqual([reasons, tokens], [['cancelled'], [[]]]);
    engine.cancel(running.id);
    assert.deepEqual((await running.done).reasons, ['cancelled']);
    await engine.stop();
  });

  test('while prefilling', async () => {
    const engine = await TableEngine.create({ contextSize: 5000, stepDelayMs: 10 });
    const request = engine.start({ prompt: Array.from({ length: 4000 }, (_, index) => index % 12) });
    await sleep(30);
    engine.cancel(request.id);
    assert.deepEqual((await request.done).reasons, ['cancelled']);
    assert.equal((await idle(engine)).usedCells, 0);
    await engine.stop();
  });

  test('while decoding, of one sequence only', async () => {
    const engine = await TableEngine.create({ stepDelayMs: 5 });
    const request = engine.start({ doSample: true, numReturnSequences: 3, maxNewTokens: 40 });
    await sleep(60);
    engine.cancel(request.id, 1);
    const { reasons, tokens } = await request.done;
    assert.deepEqual(reasons, ['length', 'cancelled', 'length']);
    assert.ok((tokens[1]?.length ?? 0) < 40);
    await engine.stop();
  });

  test('of what is unknown or has ended is passed over', async () => {
    const engine = await TableEngine.create();
    engine.cancel(999);
    const request = engine.start();
    await request.done;
    engine.cancel(request.id);
    assert.deepEqual((await engine.run()).reasons, ['length']);
    await engine.stop();
  });
});

describe('deadlines', () => {
  test('end running and queued requests with what there is', async () => {
    const engine = await TableEngine.create({ parallelSequences: 1, stepDelayMs: 5, contextSize: 4096 });
    const [running, queued] = await Promise.all([
      engine.run({ maxNewTokens: 4000, remainingMs: 100 }),
      engine.run({ maxNewTokens: 4000, remainingMs: 20 }),
    ]);
    assert.deepEqual(running.reasons, ['deadline']);
    assert.ok((running.tokens[0]?.length ?? 0) > 0);
    assert.deepEqual([queued.reasons, queued.tokens], [['deadline'], [[]]]);
    await engine.stop();
  });
});

describe('a slow consumer', () => {
  test('stops the decoding instead of filling memory', async () => {
    const engine = await TableEngine.create({ contextSize: 4096 });
    engine.withhold = true;
    const request = engine.start({ maxNewTokens: 4000 });
    await sleep(100);
    const held = engine.steps.length;
    assert.ok(held > 0 && held <= 40, `${held} steps`);
    await sleep(50);
    assert.equal(engine.steps.length, held);
    engine.release();
    assert.equal((await request.done).tokens[0]?.length, 4000);
    await engine.stop();
  });

  test('of one request pauses that one only', async () => {
    const engine = await TableEngine.create({ contextSize: 4096, stepDelayMs: 1 });
    const paused = engine.start({ maxNewTokens: 500 });
    engine.setPaused(paused.id, true);
    const other = await engine.run({ maxNewTokens: 50 });
    assert.deepEqual(other.reasons, ['length']);
    const count = engine.stats().generatedTokens;
    await sleep(30);
    assert.equal(engine.stats().generatedTokens, count);
    engine.setPaused(paused.id, false);
    assert.equal((await paused.done).tokens[0]?.length, 500);
    await engine.stop();
  });
});

describe('stopping', () => {
  test('ends the thread in the middle of a decode, twice over, and later calls fail', async () => {
    const engine = await TableEngine.create({ contextSize: 4096, stepDelayMs: 5 });
    void engine.start({ maxNewTokens: 4000 });
    await sleep(20);
    await engine.stop();
    await assert.rejects(async () => {
      await engine.run();
    }, /stopped/);
    await engine.stop();
  });
});
