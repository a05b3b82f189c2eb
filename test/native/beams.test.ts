import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import type { NativeRequest } from '../../src/engine/native-engine.js';
import { hashTable, type Outcome, TableEngine } from './table-engine.js';

const VOCABULARY = 40;
const table = hashTable(VOCABULARY, 3);

type Options = Parameters<typeof TableEngine.create>[0];

/** An engine that ends with its test, also when that fails. */
async function tableEngine(t: TestContext, options: Options = {}): Promise<TableEngine> {
  const engine = await TableEngine.create({ vocabularySize: VOCABULARY, table, ...options });
  t.after(() => engine.stop());
  return engine;
}

/** A search that returns all of its beams. */
function search(numBeams: number, more: Partial<NativeRequest> = {}): Partial<NativeRequest> {
  return { numBeams, numReturnSequences: numBeams, maxNewTokens: 12, ...more };
}

/** Requests of every mode: a stream's, samples, searches, sampled searches. */
function mixedRequests(): Partial<NativeRequest>[] {
  return Array.from({ length: 16 }, (_, index) => {
    const prompt = [index, 3, (index * 7) % VOCABULARY, 5];
    const modes: Partial<NativeRequest>[] = [
      { maxNewTokens: 30 },
      { doSample: true, seed: index, numReturnSequences: 4, maxNewTokens: 20 },
      search(2 + (index % 9), { eosTokenId: [1, 5], lengthPenalty: 0.5 }),
      search(3, { doSample: true, seed: index, eosTokenId: [2], earlyStopping: 'never' }),
    ];
    return { prompt, ...modes[index % modes.length] };
  });
}

async function alone(t: TestContext, requests: readonly Partial<NativeRequest>[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const request of requests) {
    const engine = await tableEngine(t);
    outcomes.push(await engine.run(request));
  }
  return outcomes;
}

/** What a request gave, without what depends on its neighbours. */
function results({ tokens, scores, logprobs, reasons, searches, failure }: Outcome): object {
  return { tokens, scores, logprobs, reasons, searches, failure };
}

/** Tokens of which these texts are made; what several begin with counts once. */
function distinctTokens(texts: readonly (readonly number[])[]): number {
  return new Set(texts.flatMap((text) => text.map((_, index) => text.slice(0, index + 1).join()))).size;
}

describe('beams beside other requests', () => {
  const requests = mixedRequests();

  for (const [name, options] of [
    ['sequences with cells of their own', {}],
    ['one sequence after the other', { reproducible: true }],
    ['kept prefixes', { cacheRamBytes: 1 << 20 }],
    ['a pool for beams that is too small for all', { beamCells: 150 }],
    ['one pool that is too small for all', { kvCells: 220, parallelSequences: 8, contextSize: 64 }],
  ] as const) {
    test(`give what they give alone: ${name}`, async (t) => {
      const expected = await alone(t, requests);
      const engine = await tableEngine(t, options);
      const outcomes = await Promise.all(requests.map((request) => engine.run(request)));
      outcomes.forEach((outcome, index) => {
        assert.deepEqual(results(outcome), results(expected[index] ?? outcome), `request ${index}`);
      });
      const { usedCells, usedBeamCells, activeSequences } = engine.stats();
      assert.deepEqual(
        { usedCells, usedBeamCells, activeSequences },
        {
          usedCells: 0,
          usedBeamCells: 0,
          activeSequences: 0,
        },
      );
    });
  }

  test('preemptions happen and change nothing', async (t) => {
    const engine = await tableEngine(t, { beamCells: 300 });
    const wide = Array.from({ length: 6 }, (_, index) =>
      search(8, { prompt: [index, 4], maxNewTokens: 80, doSample: index % 2 === 1, seed: index }),
    );
    const outcomes = await Promise.all(wide.map((request) => engine.run(request)));
    assert.ok(engine.stats().preemptions > 0);
    const expected = await alone(t, wide);
    assert.deepEqual(outcomes.map(results), expected.map(results));
  });
});

describe('cells of a search', () => {
  test('what beams share is held once', async (t) => {
    const prompt = Array.from({ length: 30 }, (_, index) => index);
    const request = search(64, { prompt, maxNewTokens: 40 });
    const engine = await tableEngine(t, { stepDelayMs: 2 });
    const running = engine.start(request);
    let peak = 0;
    const poll = setInterval(() => {
      peak = Math.max(peak, engine.stats().usedBeamCells);
    }, 1);
    const { failure, tokens } = await running.done;
    clearInterval(poll);
    assert.equal(failure, null);
    assert.equal(new Set(tokens.map(String)).size, 64);
    assert.ok(peak > 30 + 64, `${peak} cells`);
    // The prompt once, not 64 times, and of the 64 x 39 further ones those before the beams part.
    assert.ok(peak < 30 + (64 * 39) / 2, `${peak} cells`);
    // The table's cells are counted one by one: it would refuse a batch beyond them.
    const tight = await tableEngine(t, { beamCells: peak + 64 });
    assert.equal((await tight.run(request)).failure, null);
  });

  test('a search that can never fit fails by itself; streams go on', async (t) => {
    const engine = await tableEngine(t, { beamCells: 40 });
    const stream = engine.start({ maxNewTokens: 60 });
    const { failure } = await engine.run(search(16, { maxNewTokens: 40 }));
    assert.equal(failure, "numBeams: the 40 cells for beams (beamCells) can't hold this search");
    assert.equal((await stream.done).tokens[0]?.length, 60);
    assert.equal((await engine.run(search(2))).failure, null);
  });
});

describe('the end of a search', () => {
  test('cancelled as a whole, in any state', async (t) => {
    for (const delay of [0, 3, 10]) {
      const engine = await tableEngine(t, { stepDelayMs: 2 });
      const { id, done } = engine.start(search(4, { maxNewTokens: 100 }));
      await sleep(delay);
      engine.cancel(id);
      const { reasons, tokens } = await done;
      assert.deepEqual(reasons, ['cancelled', 'cancelled', 'cancelled', 'cancelled']);
      assert.deepEqual(tokens, [[], [], [], []]);
      assert.equal((await engine.run(search(2))).failure, null);
    }
  });

  test('one result cancelled: the others come as ever', async (t) => {
    const engine = await tableEngine(t, { stepDelayMs: 1 });
    const expected = await engine.run(search(3));
    const { id, done } = engine.start(search(3));
    engine.cancel(id, 1);
    const { tokens, reasons } = await done;
    assert.deepEqual(tokens, [expected.tokens[0], [], expected.tokens[2]]);
    assert.deepEqual(reasons, ['length', 'cancelled', 'length']);
  });

  test('the deadline gives the beams as they stand, best first', async (t) => {
    const engine = await tableEngine(t, { stepDelayMs: 2 });
    const outcome = await engine.run(search(3, { maxNewTokens: 200, remainingMs: 60 }));
    assert.deepEqual(outcome.reasons, ['deadline', 'deadline', 'deadline']);
    assert.ok(outcome.tokens.every((tokens) => tokens.length > 0 && tokens.length < 200));
    const scores = outcome.scores.map(Number);
    assert.deepEqual(
      scores,
      scores.toSorted((a, b) => b - a),
    );
    outcome.logprobs.forEach((logprobs, index) => {
      const mean = logprobs.reduce((sum, logprob) => sum + logprob, 0) / logprobs.length;
      assert.ok(Math.abs(mean - (scores[index] ?? 0)) < 1e-4);
    });
  });

  test('the deadline before the first token gives nothing', async (t) => {
    const engine = await tableEngine(t, { stepDelayMs: 1 });
    const { tokens, reasons } = await engine.run(search(2, { remainingMs: 0 }));
    assert.deepEqual({ tokens, reasons }, { tokens: [[], []], reasons: ['deadline', 'deadline'] });
  });

  test('fewer hypotheses than asked for: the rest is said to be exhausted', async (t) => {
    const engine = await tableEngine(t);
    const all = Array.from({ length: VOCABULARY }, (_, id) => id);
    const suppressTokens = all.filter((id) => id !== 6 && id !== 9);
    const { tokens, reasons } = await engine.run(search(4, { suppressTokens, maxNewTokens: 1 }));
    assert.deepEqual(reasons, ['length', 'length', 'exhausted', 'exhausted']);
    assert.deepEqual(tokens.slice(2), [[], []]);
    assert.deepEqual(
      tokens
        .slice(0, 2)
        .flat()
        .toSorted((a, b) => a - b),
      [6, 9],
    );
  });

  test('a stop string ends the candidate that completes it and no other', async (t) => {
    const engine = await tableEngine(t, {
      pieces: Array.from({ length: VOCABULARY }, (_, id) => `<${id}>`),
    });
    const free = await engine.run(search(3, { maxNewTokens: 6 }));
    const [first, second] = free.tokens[0] ?? [];
    const stop = `<${String(first)}><${String(second)}>`;
    const { tokens, texts, reasons } = await engine.run(
      search(3, { maxNewTokens: 6, stopStrings: [stop], earlyStopping: 'never', lengthPenalty: 0 }),
    );
    assert.ok(reasons.includes('stop'));
    reasons.forEach((reason, index) => {
      const spoken = (tokens[index] ?? []).map((id) => `<${id}>`).join('');
      assert.equal(reason === 'stop', spoken.includes(stop));
      assert.equal(texts[index], reason === 'stop' ? spoken.slice(0, spoken.indexOf(stop)) : spoken);
    });
  });
});

describe('what a search took', () => {
  test('a token for each beam and step, whatever is returned; the last end tells it', async (t) => {
    const engine = await tableEngine(t);
    for (const numReturnSequences of [1, 2, 5]) {
      const before = engine.stats().generatedTokens;
      const { tokens, searches } = await engine.run(search(5, { numReturnSequences }));
      assert.deepEqual(searches, [
        ...Array.from({ length: numReturnSequences - 1 }, () => [0, 0]),
        [5 * 12, 5 * 12 - distinctTokens(tokens)],
      ]);
      assert.equal(engine.stats().generatedTokens - before, 5 * 12);
    }
  });

  test('what hypotheses have in common counts once', async (t) => {
    const engine = await tableEngine(t);
    // Only one token is allowed but for the last step, where all are.
    const all = Array.from({ length: VOCABULARY }, (_, id) => id);
    const one = await engine.run(
      search(3, { suppressTokens: all.filter((id) => id !== 6), maxNewTokens: 7 }),
    );
    assert.deepEqual(one.searches.at(-1), [7, 0]);
    assert.deepEqual(one.tokens, [Array(7).fill(6), [], []]);
    const two = await engine.run(
      search(3, { beginSuppressTokens: all.filter((id) => id !== 6), maxNewTokens: 2 }),
    );
    assert.deepEqual(two.searches.at(-1), [4, 0]);
    assert.equal(two.tokens.flat().length, 6);
  });

  test('ends count as far as hypotheses are kept', async (t) => {
    const engine = await tableEngine(t);
    for (const earlyStopping of [true, false, 'never'] as const) {
      for (let seed = 0; seed < 8; seed += 1) {
        const eosTokenId = [1, 5, 9, 11, 17];
        const more = { earlyStopping, eosTokenId, seed, doSample: seed % 2 === 1, prompt: [seed, 3] };
        const whole = await engine.run(search(4, { ...more, maxNewTokens: 15 }));
        const [chosen = 0, discarded = 0] = whole.searches.at(-1) ?? [];
        assert.equal(chosen - discarded, distinctTokens(whole.tokens));
        assert.ok(discarded >= 0 && chosen <= 4 * 15);
        const best = await engine.run(search(4, { ...more, maxNewTokens: 15, numReturnSequences: 1 }));
        assert.deepEqual(best.searches, [[chosen, chosen - distinctTokens(best.tokens)]]);
      }
    }
  });

  test('cancelled or out of time: what was chosen until then', async (t) => {
    const engine = await tableEngine(t, { stepDelayMs: 2 });
    const late = await engine.run(search(3, { maxNewTokens: 200, remainingMs: 60 }));
    const steps = late.tokens[0]?.length ?? 0;
    assert.deepEqual(late.searches.at(-1), [3 * steps, 3 * steps - distinctTokens(late.tokens)]);
    const before = engine.stats().generatedTokens;
    const { id, done } = engine.start(search(4, { maxNewTokens: 200 }));
    while (engine.stats().generatedTokens < before + 8) await sleep(1);
    engine.cancel(id, 2);
    await sleep(5);
    engine.cancel(id);
    const { searches } = await done;
    const chosen = engine.stats().generatedTokens - before;
    assert.ok(chosen >= 8);
    assert.deepEqual(searches, [
      [0, 0],
      [0, 0],
      [0, 0],
      [chosen, chosen],
    ]);
  });

  test('a result that was cancelled is not returned', async (t) => {
    const engine = await tableEngine(t, { stepDelayMs: 1 });
    const { id, done } = engine.start(search(3));
    engine.cancel(id, 2);
    const { tokens, searches } = await done;
    assert.equal(tokens[2]?.length, 0);
    assert.deepEqual(searches, [
      [0, 0],
      [0, 0],
      [3 * 12, 3 * 12 - distinctTokens(tokens)],
    ]);
  });

  test('other requests say nothing of it', async (t) => {
    const engine = await tableEngine(t);
    assert.deepEqual((await engine.run()).searches, []);
  });
});
