import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import type { NativeEvent, NativeRequest } from '../../src/engine/native-engine.js';
import { TableEngine } from './table-engine.js';

async function started(
  t: TestContext,
  options: Parameters<typeof TableEngine.create>[0] = {},
): Promise<TableEngine> {
  const engine = await TableEngine.create({ stepDelayMs: 1, ...options });
  t.after(() => engine.stop());
  return engine;
}

const background = { priority: 'background' } as const;
const sampled = { doSample: true, topK: 0 };

function longPrompt(length: number): number[] {
  return Array.from({ length }, (_, index) => index % 12);
}

/** Steps of events from the first token of a request to its end. */
function span(engine: TableEngine, id: number): NativeEvent[][] {
  const has = (type: string) => (step: NativeEvent[]) =>
    step.some((event) => event[0] === type && event[1] === id);
  return engine.steps.slice(engine.steps.findIndex(has('token')), engine.steps.findIndex(has('finish')) + 1);
}

function tokensOf(steps: readonly NativeEvent[][], id: number): number {
  return steps.flat().filter((event) => event[0] === 'token' && event[1] === id).length;
}

/** Waits until a request has given its first token, or so many. */
async function running(engine: TableEngine, id: number, tokens = 1): Promise<void> {
  while (tokensOf(engine.steps, id) < tokens) await sleep(1);
}

/** The numbers of requests, in the order of their prompt events. */
function promptOrder(engine: TableEngine): number[] {
  return engine.steps.flat().flatMap((event) => (event[0] === 'prompt' ? [event[1]] : []));
}

describe('slots', () => {
  test('go to interactive requests that came after background ones', async (t) => {
    const engine = await started(t, { parallelSequences: 1 });
    const first = engine.start({ maxNewTokens: 60 });
    const others = [background, background, {}, {}].map((terms) =>
      engine.start({ ...terms, maxNewTokens: 3 }),
    );
    await Promise.all([first, ...others].map(({ done }) => done));
    assert.deepEqual(promptOrder(engine), [1, 4, 5, 2, 3]);
  });

  for (const reproducible of [false, true]) {
    const mode = reproducible ? 'reproducible mode' : 'the default mode';
    test(`are taken from the youngest background sequences, which resume exactly, in ${mode}`, async (t) => {
      const engine = await started(t, { parallelSequences: 3, reproducible, cacheRamBytes: 1e6 });
      const requests: Partial<NativeRequest>[] = [
        { ...sampled, seed: 1, numReturnSequences: 2, maxNewTokens: 90 },
        { ...sampled, seed: 2, prompt: longPrompt(40), maxNewTokens: 90 },
      ];
      const alone = [];
      for (const request of requests) alone.push(await engine.run(request));
      assert.equal(engine.stats().preemptions, 0);
      const interrupted = requests.map((request) => engine.start({ ...request, ...background }));
      for (const { id } of interrupted) await running(engine, id, 5);
      const before = engine.steps.length;
      const interactive = engine.start({ ...sampled, numReturnSequences: 2, maxNewTokens: 30 });
      await interactive.done;
      // The oldest sequence of the three kept its slot.
      const firstStep = engine.steps
        .slice(before)
        .findIndex((step) => step.some((event) => event[1] === interactive.id));
      assert.ok(firstStep <= 5, `admitted after ${firstStep} steps`);
      assert.equal(tokensOf(span(engine, interactive.id), interrupted[1]?.id ?? 0), 0);
      assert.ok(tokensOf(span(engine, interactive.id), interrupted[0]?.id ?? 0) > 0);
      const resumed = await Promise.all(interrupted.map(({ done }) => done));
      assert.equal(engine.stats().preemptions, 2);
      for (const [index, outcome] of resumed.entries()) {
        assert.deepEqual(outcome.tokens, alone[index]?.tokens);
        assert.deepEqual(outcome.logprobs, alone[index]?.logprobs);
        assert.equal(outcome.promptTokens, alone[index]?.promptTokens);
      }
    });
  }

  test('taken in reproducible mode: what was generated is evaluated token by token again', async (t) => {
    const engine = await started(t, { parallelSequences: 1, reproducible: true });
    const other = engine.start({ ...background, maxNewTokens: 40 });
    await running(engine, other.id, 10);
    const interactive = engine.start({ maxNewTokens: 3 });
    await Promise.all([other.done, interactive.done]);
    const [first] = span(engine, interactive.id);
    const before = tokensOf(
      engine.steps.slice(0, first === undefined ? 0 : engine.steps.indexOf(first)),
      other.id,
    );
    assert.ok(before >= 10 && before < 40);
    // One step gives a token, and the prompt's is the first one's.
    assert.equal(engine.stats().decodeSteps, 40 + 3 + before);
  });

  test('are not taken for a request that is paused, nor from interactive ones', async (t) => {
    const engine = await started(t, { parallelSequences: 1 });
    const first = engine.start({ ...background, maxNewTokens: 40 });
    await running(engine, first.id);
    const paused = engine.start({ maxNewTokens: 2 });
    engine.setPaused(paused.id, true);
    await first.done;
    const second = engine.start({ maxNewTokens: 2 });
    engine.setPaused(paused.id, false);
    await Promise.all([paused.done, second.done]);
    assert.ok(engine.stats().preemptions <= 1, 'only if the pause came a step late');
  });
});

describe('cells', () => {
  test('of a shared pool are taken from background sequences', async (t) => {
    const options = { parallelSequences: 4, contextSize: 100, kvCells: 150 };
    const engine = await started(t, options);
    const request = (seed: number): Partial<NativeRequest> => ({ ...sampled, seed, maxNewTokens: 50 });
    const alone = [];
    for (const seed of [1, 2]) alone.push(await engine.run(request(seed)));
    const others = [1, 2].map((seed) => engine.start({ ...request(seed), ...background }));
    for (const { id } of others) await running(engine, id, 20);
    const interactive = await engine.run({ prompt: longPrompt(90), maxNewTokens: 10 });
    assert.equal(interactive.failure, null);
    const resumed = await Promise.all(others.map(({ done }) => done));
    assert.deepEqual(
      resumed.map(({ tokens }) => tokens),
      alone.map(({ tokens }) => tokens),
    );
    assert.ok(engine.stats().preemptions > 0);
    const finishes = engine.steps.flat().flatMap((event) => (event[0] === 'finish' ? [event[1]] : []));
    assert.equal(finishes[2], 5, 'the interactive request ended before those that had begun');
  });

  test('that run out are taken from background sequences first, though older ones', async (t) => {
    const engine = await started(t, { parallelSequences: 2, contextSize: 100, kvCells: 120 });
    const older = engine.start({ ...background, ...sampled, seed: 1, maxNewTokens: 90 });
    await running(engine, older.id);
    const interactive = engine.start({ ...sampled, seed: 2, maxNewTokens: 90 });
    await interactive.done;
    await older.done;
    const reported = engine.steps.findIndex((step) => step.some((event) => event[0] === 'finish'));
    assert.ok(engine.steps[reported]?.some((event) => event[0] === 'finish' && event[1] === interactive.id));
  });
});

describe('steps', () => {
  test('beside an interactive stream: one in ten has background sequences, all of them', async (t) => {
    const engine = await started(t, { parallelSequences: 5 });
    const others = Array.from({ length: 4 }, () => engine.start({ ...background, maxNewTokens: 200 }));
    for (const { id } of others) await running(engine, id);
    const interactive = engine.start({ maxNewTokens: 200 });
    await interactive.done;
    const steps = span(engine, interactive.id);
    assert.equal(tokensOf(steps, interactive.id), 200);
    for (const { id } of others) {
      const tokens = tokensOf(steps, id);
      assert.ok(tokens >= 19 && tokens <= 21, `${tokens} tokens`);
      engine.cancel(id);
    }
  });

  test('with a background prompt have little of it, and rest longer', async (t) => {
    const engine = await started(t, { parallelSequences: 2 });
    const interactive = engine.start({ maxNewTokens: 250 });
    await running(engine, interactive.id);
    const other = engine.start({ ...background, prompt: longPrompt(160), maxNewTokens: 1 });
    await other.done;
    const end = engine.steps.findIndex((step) => step.some((event) => event[1] === other.id));
    // Five chunks of 32 tokens, two units of nine steps after each but the last.
    const before = tokensOf(engine.steps.slice(0, end), interactive.id);
    assert.ok(before >= 72, `${before} interactive tokens before the prompt was there`);
    engine.cancel(interactive.id);
    await interactive.done;
  });

  test('do not rest for interactive requests that are gone', async (t) => {
    const engine = await started(t, { reproducible: true, stepDelayMs: 3 });
    const first = engine.start({ maxNewTokens: 250 });
    await running(engine, first.id);
    // Eight units of nine steps: more than the second one has.
    const other = engine.start({ ...background, prompt: longPrompt(128), maxNewTokens: 120 });
    await running(engine, other.id);
    engine.cancel(first.id);
    await first.done;
    await running(engine, other.id, 5);
    const second = engine.start({ maxNewTokens: 30 });
    await second.done;
    const tokens = tokensOf(span(engine, second.id), other.id);
    assert.ok(tokens >= 5 && tokens <= 12, `${tokens} tokens, of one in four steps`);
    engine.cancel(other.id);
    await other.done;
  });

  test('without interactive sequences have all background ones', async (t) => {
    const engine = await started(t);
    const others = Array.from({ length: 4 }, () => engine.start({ ...background, maxNewTokens: 100 }));
    await Promise.all(others.map(({ done }) => done));
    // They need not all have begun in the same one.
    assert.ok(engine.stats().decodeSteps < 120, `${engine.stats().decodeSteps} steps`);
  });

  test('of a background search give way as well, with the same result', async (t) => {
    const engine = await started(t);
    const search = { numBeams: 3, numReturnSequences: 2, maxNewTokens: 12 };
    const alone = await engine.run(search);
    const interactive = engine.start({ maxNewTokens: 250 });
    await running(engine, interactive.id);
    const begun = engine.steps.length;
    const beside = await engine.start({ ...search, ...background }).done;
    assert.deepEqual(beside, alone);
    const tokens = tokensOf(engine.steps.slice(begun), interactive.id);
    assert.ok(tokens >= 100, `${tokens} interactive tokens for 12 of the search`);
    engine.cancel(interactive.id);
    await interactive.done;
  });

  test('of other adapters come as well', async (t) => {
    const table = new Float32Array(144).fill(0);
    const engine = await started(t, { adapterTables: [table], stepDelayMs: 3 });
    const interactive = engine.start({ maxNewTokens: 250 });
    await running(engine, interactive.id);
    const other = await engine.run({ ...background, adapterSet: 1, maxNewTokens: 4 });
    assert.deepEqual(other.tokens, [[0, 0, 0, 0]]);
    assert.ok(tokensOf(engine.steps, interactive.id) < 250, 'beside the stream, not after it');
    engine.cancel(interactive.id);
    await interactive.done;
  });

  test('are not held up by an interactive request that is paused, and none spins for paused ones', async (t) => {
    const engine = await started(t);
    const interactive = engine.start({ maxNewTokens: 200 });
    await running(engine, interactive.id);
    engine.setPaused(interactive.id, true);
    await engine.run({ ...background, maxNewTokens: 5 });
    const held = tokensOf(engine.steps, interactive.id);
    const steps = engine.stats().decodeSteps;
    await engine.run({ ...background, maxNewTokens: 50 });
    assert.equal(engine.stats().decodeSteps - steps, 50);
    assert.equal(tokensOf(engine.steps, interactive.id), held);
    const other = engine.start({ ...background, maxNewTokens: 200 });
    engine.setPaused(other.id, true);
    await sleep(20);
    const { user, system } = process.cpuUsage();
    const idle = engine.stats().decodeSteps;
    await sleep(200);
    const used = process.cpuUsage({ user, system });
    assert.equal(engine.stats().decodeSteps, idle);
    assert.ok(used.user + used.system < 100_000, 'less than half of the time on the processor');
    for (const { id } of [interactive, other]) engine.cancel(id);
    await Promise.all([interactive.done, other.done]);
  });

  test('that leave one out do not keep it from its deadline, nor from being cancelled', async (t) => {
    const engine = await started(t, { stepDelayMs: 10 });
    const interactive = engine.start({ maxNewTokens: 250 });
    await running(engine, interactive.id);
    const late = await engine.run({ ...background, maxNewTokens: 100, remainingMs: 60 });
    assert.deepEqual(late.reasons, ['deadline']);
    const other = engine.start({ ...background, maxNewTokens: 100 });
    await sleep(20);
    engine.cancel(other.id);
    assert.deepEqual((await other.done).reasons, ['cancelled']);
    assert.ok(tokensOf(engine.steps, interactive.id) < 250);
    engine.cancel(interactive.id);
    await interactive.done;
  });

  test('know no other priority', async (t) => {
    const engine = await started(t);
    const request = { priority: 'urgent' } as unknown as Partial<NativeRequest>;
    assert.throws(() => engine.start(request), /priority interactive or background, received urgent/);
  });
});
