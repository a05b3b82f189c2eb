import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import type { NativeRequest } from '../../src/engine/native-engine.js';
import type { PromptTokenLogprobs, RankedToken, TokenLogprobs } from '../../src/generation/events.js';
import { hashTable, type Outcome, TableEngine } from './table-engine.js';

const SIZE = 12;
/** Of float32 log-probabilities of moderate size. */
const TOLERANCE = 2e-6;

/** log-softmax of a table's row in double precision, the likeliest first, of equals the lower id. */
function ranking(table: Float32Array, size: number, token: number): RankedToken[] {
  const row = [...table.subarray(token * size, (token + 1) * size)];
  const logSum = Math.log(row.reduce((sum, logit) => sum + Math.exp(logit), 0));
  return row
    .map((logit, tokenId) => ({ tokenId, logprob: logit - logSum }))
    .toSorted((a, b) => b.logprob - a.logprob || a.tokenId - b.tokenId);
}

/** Requires that `told` is what a table says of `token` after `last`. */
function assertTold(
  told: PromptTokenLogprobs | TokenLogprobs | undefined,
  { table, size = SIZE, last, token, top }: Expected,
): void {
  const ranked = ranking(table, size, last);
  assert.equal(told?.tokenId, token);
  const wanted = ranked.find(({ tokenId }) => tokenId === token)?.logprob ?? NaN;
  assert.ok(Math.abs((told.logprob ?? NaN) - wanted) < TOLERANCE, `${told.logprob} for ${wanted}`);
  assert.deepEqual(
    told.top.map(({ tokenId }) => tokenId),
    ranked.slice(0, top).map(({ tokenId }) => tokenId),
  );
  for (const [place, { logprob }] of told.top.entries())
    assert.ok(Math.abs(logprob - (ranked[place]?.logprob ?? NaN)) < TOLERANCE);
}

interface Expected {
  readonly table: Float32Array;
  readonly size?: number;
  readonly last: number;
  readonly token: number;
  readonly top: number;
}

/** Requires that all of a request's sequences tell what its table says. */
function assertAllTold({ tokens, modelLogprobs }: Outcome, prompt: readonly number[], top: number): void {
  const table = hashTable(SIZE, 1);
  for (const [index, sequence] of tokens.entries()) {
    assert.equal(modelLogprobs[index]?.length, sequence.length);
    for (const [place, token] of sequence.entries()) {
      const last = sequence[place - 1] ?? prompt.at(-1) ?? -1;
      assertTold(modelLogprobs[index][place], { table, last, token, top });
    }
  }
}

function assertPromptTold({ promptLogprobs }: Outcome, prompt: readonly number[], top: number): void {
  const table = hashTable(SIZE, 1);
  assert.equal(promptLogprobs.length, 1, 'one report');
  const [told = []] = promptLogprobs;
  assert.equal(told.length, prompt.length);
  assert.deepEqual(told[0], { tokenId: prompt[0], logprob: null, top: [] });
  for (const [place, token] of prompt.entries()) {
    if (place > 0) assertTold(told[place], { table, last: prompt[place - 1] ?? -1, token, top });
  }
}

async function engineFor(
  t: TestContext,
  options: Parameters<typeof TableEngine.create>[0] = {},
): Promise<TableEngine> {
  const engine = await TableEngine.create(options);
  t.after(() => engine.stop());
  return engine;
}

/** Waits for an engine's first step. */
async function decoded(engine: TableEngine): Promise<void> {
  while (engine.stats().decodeSteps === 0) await sleep(1);
}

const promptOf = (length: number, seed = 0): number[] =>
  Array.from({ length }, (_, index) => (index * 7 + ((index * index) >> 3) + seed) % SIZE);

describe('log-probabilities of generated tokens', () => {
  const prompt = [2, 7, 4];

  for (const top of [0, 1, 5, 12, 20]) {
    test(`are the log-softmax of the logits, with the ${top} likeliest`, async (t) => {
      const engine = await engineFor(t);
      const outcome = await engine.run({ prompt, logprobs: top });
      assertAllTold(outcome, prompt, Math.min(top, SIZE));
      // Greedy and without processors, the chosen token's own figure is the same.
      assert.deepEqual(
        outcome.modelLogprobs[0]?.map(({ logprob }) => logprob.toFixed(5)),
        outcome.logprobs[0]?.map((logprob) => logprob.toFixed(5)),
      );
    });
  }

  test('are told only where they are asked for', async (t) => {
    const engine = await engineFor(t);
    const { modelLogprobs, promptLogprobs } = await engine.run({ prompt });
    assert.deepEqual([modelLogprobs, promptLogprobs], [[[]], []]);
  });

  test('know nothing of processors, warpers and bans', async (t) => {
    const engine = await engineFor(t);
    const outcome = await engine.run({
      ...{ prompt, logprobs: 4, doSample: true, seed: 3, temperature: 3, topP: 0.9, repetitionPenalty: 1.7 },
      ...{ suppressTokens: [1, 2, 3], sequenceBias: [[[5], 4]], noRepeatNgramSize: 2 },
    });
    assertAllTold(outcome, prompt, 4);
    const own = outcome.modelLogprobs[0]?.map(({ logprob }) => logprob);
    assert.notDeepEqual(own, outcome.logprobs[0]);
    assert.ok(outcome.modelLogprobs[0]?.some(({ top }) => top.some(({ tokenId }) => tokenId === 2)));
  });

  test('belong to their own sequence of four', async (t) => {
    const engine = await engineFor(t);
    const outcome = await engine.run({
      ...{ prompt, logprobs: 3, promptLogprobs: 2, doSample: true, seed: 9, numReturnSequences: 4 },
    });
    assert.equal(new Set(outcome.texts).size, 4);
    assertAllTold(outcome, prompt, 3);
    assertPromptTold(outcome, prompt, 2);
  });

  test('of a wide vocabulary with equals, infinities and NaN: the lower id first, NaN last', async (t) => {
    const size = 1500;
    const table = new Float32Array(size * size).fill(-1);
    table.set([5, 3, 3, -Infinity], size - 5);
    table.set([4, 4], 700);
    const engine = await engineFor(t, { table, vocabularySize: size, contextSize: 8 });
    const { modelLogprobs } = await engine.run({ prompt: [0], maxNewTokens: 1, logprobs: 7 });
    assertTold(modelLogprobs[0]?.[0], { table, size, last: 0, token: size - 5, top: 7 });

    const broken = new Float32Array(SIZE * SIZE).fill(1);
    broken.set([NaN, 2, -Infinity], 0);
    const other = await engineFor(t, { table: broken });
    const outcome = await other.run({
      ...{ prompt: [0], maxNewTokens: 1, logprobs: SIZE, removeInvalidValues: true },
    });
    const ids = outcome.modelLogprobs[0]?.[0]?.top.map(({ tokenId }) => tokenId);
    assert.deepEqual(ids, [1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0, 2]);
  });

  test('are the same after a preemption', async (t) => {
    const prompts = [promptOf(20), promptOf(20, 1), promptOf(20, 2)];
    const engine = await engineFor(t, { kvCells: 100 });
    const outcomes = await Promise.all(
      prompts.map((each) => engine.run({ prompt: each, maxNewTokens: 40, logprobs: 2, promptLogprobs: 1 })),
    );
    assert.ok(engine.stats().preemptions > 0);
    for (const [index, outcome] of outcomes.entries()) {
      assertAllTold(outcome, prompts[index] ?? [], 2);
      assertPromptTold(outcome, prompts[index] ?? [], 1);
    }
  });

  test('come with what processors leave nothing of, too: the engine goes on', async (t) => {
    const engine = await engineFor(t);
    const all = Array.from({ length: SIZE }, (_, id) => id);
    const { failure } = await engine.run({ prompt, logprobs: 1, doSample: true, suppressTokens: all });
    assert.match(failure ?? '', /no token to choose/);
    assertAllTold(await engine.run({ prompt, logprobs: 1 }), prompt, 1);
  });

  test('are refused natively above 20', async (t) => {
    const engine = await engineFor(t);
    for (const request of [{ logprobs: 21 }, { promptLogprobs: -1 }, { logprobs: 1.5 }, { logprobs: NaN }])
      assert.throws(() => engine.start(request), /expected (l|promptL)ogprobs from 0 to 20, received/);
  });
});

describe('log-probabilities of the prompt', () => {
  test('are told of every token but the first', async (t) => {
    const engine = await engineFor(t);
    for (const [length, top] of [
      [1, 3],
      [2, 0],
      [100, 5],
      [237, 20],
    ] as const) {
      const outcome = await engine.run({ prompt: promptOf(length), promptLogprobs: top });
      assertPromptTold(outcome, promptOf(length), Math.min(top, SIZE));
      assert.equal(outcome.tokens[0]?.length, 20);
    }
  });

  test('do not hang on chunks, neighbours and reproducible mode', async (t) => {
    for (const reproducible of [false, true]) {
      const engine = await engineFor(t, { reproducible, contextSize: 1200, stepDelayMs: 1 });
      const prompts = [promptOf(1100), promptOf(900, 3), promptOf(50, 5), promptOf(700, 7)];
      const neighbour = engine.start({ prompt: [3], maxNewTokens: 60 });
      const outcomes = await Promise.all(
        prompts.map((prompt) => engine.run({ prompt, promptLogprobs: 2, maxNewTokens: 2 })),
      );
      await neighbour.done;
      for (const [index, outcome] of outcomes.entries()) assertPromptTold(outcome, prompts[index] ?? [], 2);
    }
  });

  test('are read batch by batch, in no more of them than the prompt alone takes', async (t) => {
    const engine = await engineFor(t, { contextSize: 1200 });
    const plain = { prompt: promptOf(1100), maxNewTokens: 1 };
    await engine.run(plain);
    const { decodeSteps } = engine.stats();
    assertPromptTold(await engine.run({ ...plain, promptLogprobs: 1 }), plain.prompt, 1);
    assert.ok(decodeSteps > 3);
    assert.equal(engine.stats().decodeSteps, 2 * decodeSteps);
  });

  test('take no kept prefix, and leave one', async (t) => {
    const engine = await engineFor(t, { cacheRamBytes: 1 << 20 });
    const request: Partial<NativeRequest> = { prompt: promptOf(80), maxNewTokens: 1 };
    const first = await engine.run({ ...request, promptLogprobs: 3 });
    const second = await engine.run(request);
    const third = await engine.run({ ...request, promptLogprobs: 3 });
    assert.deepEqual([first.cachedTokens, second.cachedTokens, third.cachedTokens], [0, 79, 0]);
    assert.deepEqual(third.promptLogprobs, first.promptLogprobs);
    assertPromptTold(first, promptOf(80), 3);
  });

  test('are told once of all sequences, also of those that come later', async (t) => {
    const engine = await engineFor(t, { parallelSequences: 2 });
    const outcome = await engine.run({
      ...{ prompt: promptOf(40), promptLogprobs: 1, doSample: true, seed: 2, numReturnSequences: 6 },
    });
    assert.equal(outcome.tokens.length, 6);
    assertPromptTold(outcome, promptOf(40), 1);
  });

  test('count a continued text as prompt', async (t) => {
    const engine = await engineFor(t);
    const outcome = await engine.run({ prompt: promptOf(30), continuedTokens: 12, promptLogprobs: 2 });
    assertPromptTold(outcome, promptOf(30), 2);
  });

  test('are those of the adapters that the request has', async (t) => {
    const table = hashTable(SIZE, 8);
    const engine = await engineFor(t, { adapterTables: [table] });
    const { promptLogprobs } = await engine.run({ prompt: [1, 2, 3], adapterSet: 1, promptLogprobs: 2 });
    assertTold(promptLogprobs[0]?.[1], { table, last: 1, token: 2, top: 2 });
    assertTold(promptLogprobs[0]?.[2], { table, last: 2, token: 3, top: 2 });
  });

  test('go on where they were when background work comes back', async (t) => {
    const engine = await engineFor(t, { parallelSequences: 1, contextSize: 1200, stepDelayMs: 3 });
    const prompt = promptOf(1100);
    const background = engine.start({ prompt, promptLogprobs: 2, priority: 'background', maxNewTokens: 3 });
    await decoded(engine);
    const interactive = await engine.run({ prompt: [1], maxNewTokens: 3 });
    const outcome = await background.done;
    assert.equal(interactive.tokens[0]?.length, 3);
    assert.ok(engine.stats().preemptions > 0);
    assertPromptTold(outcome, prompt, 2);
    assert.equal(outcome.cachedTokens, 0);
  });

  test('outlive the sequence that was to read them', async (t) => {
    const engine = await engineFor(t, { contextSize: 1200, stepDelayMs: 3 });
    const prompt = promptOf(1100);
    const { id, done } = engine.start({
      ...{ prompt, promptLogprobs: 1, doSample: true, seed: 1, numReturnSequences: 2, maxNewTokens: 2 },
    });
    await decoded(engine);
    engine.cancel(id, 0);
    const outcome = await done;
    assert.deepEqual(outcome.reasons, ['cancelled', 'length']);
    assertPromptTold(outcome, prompt, 1);
  });
});

describe('no new tokens', () => {
  test('end every sequence with the prompt', async (t) => {
    const engine = await engineFor(t, { contextSize: 32, cacheRamBytes: 1 << 20 });
    const prompt = promptOf(32);
    const outcome = await engine.run({
      ...{ prompt, promptLogprobs: 1, maxNewTokens: 0, doSample: true, numReturnSequences: 3 },
    });
    assertPromptTold(outcome, prompt, 1);
    assert.deepEqual(outcome.reasons, ['length', 'length', 'length']);
    assert.deepEqual(outcome.tokens, [[], [], []]);
    assert.deepEqual(outcome.texts, ['', '', '']);
    const { generatedTokens, promptTokens, usedCells, activeSequences } = engine.stats();
    assert.deepEqual([generatedTokens, promptTokens, usedCells, activeSequences], [0, 32, 0, 0]);
    assert.equal((await engine.run({ prompt: prompt.slice(0, 31), maxNewTokens: 1 })).cachedTokens, 30);
  });

  test('of one token, of a continued text, and in reproducible mode', async (t) => {
    for (const reproducible of [false, true]) {
      const engine = await engineFor(t, { reproducible });
      const short = await engine.run({ prompt: [5], promptLogprobs: 2, maxNewTokens: 0 });
      assertPromptTold(short, [5], 2);
      assert.deepEqual(short.reasons, ['length']);
      const prompt = promptOf(30);
      const long = await engine.run({ prompt, continuedTokens: 30, promptLogprobs: 2, maxNewTokens: 0 });
      assertPromptTold(long, prompt, 2);
      assert.deepEqual(long.tokens, [[]]);
    }
  });
});
