import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';

import type { EngineOptions, Generation } from '../../src/engine/engine.js';
import { EngineProcess } from '../../src/engine/engine-process.js';
import { estimatedTokens, WaitingTokens } from '../../src/engine/waiting-tokens.js';
import { collect, hasCode } from './conformance.js';
import { shippedEngineOptions } from './shipped-model.js';

const refused = hasCode('OVERLOADED');

describe('waiting tokens', () => {
  test('are let in up to the limit, and again when others have left', () => {
    const waiting = new WaitingTokens(10);
    const leave = waiting.enter(5);
    waiting.enter(5);
    assert.throws(() => waiting.enter(1), {
      code: 'OVERLOADED',
      message: '10 tokens are waiting already, and 1 more exceed 10; try again later',
    });
    leave();
    // What has left is not counted off again.
    leave();
    waiting.enter(3);
    assert.throws(() => waiting.enter(3), refused);
    waiting.enter(2);
  });

  test('of a giant leave half of the limit to others, and no second giant is let in', () => {
    const waiting = new WaitingTokens(10);
    const leave = waiting.enter(1000);
    const small = [waiting.enter(1), waiting.enter(1), waiting.enter(1)];
    assert.throws(() => waiting.enter(6), {
      code: 'OVERLOADED',
      message: 'a request as large as this one, of 6 tokens, is waiting already; try again later',
    });
    small.push(waiting.enter(2));
    assert.throws(() => waiting.enter(1), refused);
    leave();
    leave();
    const next = waiting.enter(6);
    assert.throws(() => waiting.enter(1), refused);
    for (const leaveSmall of small) leaveSmall();
    assert.throws(() => waiting.enter(1000), refused);
    next();
    waiting.enter(1000);
    waiting.enter(5);
  });

  test('of a giant wait for room, as those of others do', () => {
    const waiting = new WaitingTokens(10);
    const leave = waiting.enter(5);
    waiting.enter(1);
    assert.throws(() => waiting.enter(1000), refused);
    leave();
    waiting.enter(1000);
  });

  test('with a limit of 0 are those of one request', () => {
    const waiting = new WaitingTokens(0);
    const leave = waiting.enter(5);
    assert.throws(() => waiting.enter(1), refused);
    leave();
    waiting.enter(1);
  });

  test('are a quarter of the bytes of texts, and ids', () => {
    assert.equal(estimatedTokens(['abcde', '', '犬犬犬犬', [1, 2, 3]]), 2 + 0 + 3 + 3);
  });
});

async function start(t: TestContext, options: Partial<EngineOptions>): Promise<EngineProcess> {
  const engine = await EngineProcess.start(shippedEngineOptions({ parallelSequences: 1, ...options }));
  t.after(() => engine.close());
  return engine;
}

const ids = (count: number): number[] => Array.from({ length: count }, (_, index) => 300 + index);
const text = (tokens: number): string => 'abcd'.repeat(tokens);

/** Takes the only slot for as long as it is not cancelled: at least until others had time to come and go. */
async function occupy(engine: EngineProcess): Promise<Generation> {
  const generation = engine.generate({ prompt: [300], maxNewTokens: 511, eosTokenId: [] });
  const first = await generation[Symbol.asyncIterator]().next();
  assert.ok(first.done !== true && first.value.type === 'prompt');
  return generation;
}

describe('the queue of an engine', () => {
  test('is bounded by the tokens of prompts that are not computed yet', async (t) => {
    const engine = await start(t, { queueTokens: 100 });
    const running = await occupy(engine);
    const controller = new AbortController();
    const waiting = engine.generate({ prompt: ids(50), maxNewTokens: 1 }, { signal: controller.signal });
    const first = engine.generate({ prompt: ids(10), maxNewTokens: 1, eosTokenId: [] });
    assert.throws(() => engine.generate({ prompt: ids(41) }), refused);
    assert.throws(() => engine.generate({ prompt: text(41) }), refused);
    const fitting = engine.generate({ prompt: ids(40), maxNewTokens: 1, eosTokenId: [] });
    controller.abort();
    await collect(waiting);
    const next = engine.generate({ prompt: ids(50), maxNewTokens: 1, eosTokenId: [] });
    running.cancel();
    for (const generation of [first, fitting, next])
      assert.equal((await collect(generation)).at(-1)?.type, 'finish');
    // None is left behind in the count.
    assert.equal((await engine.tokenize(text(100))).length > 0, true);
  });

  test('lets one prompt in that is longer than the limit, however many tokens it asks for', async (t) => {
    const engine = await start(t, { queueTokens: 10 });
    const events = await collect(
      engine.generate({
        prompt: ids(400),
        maxNewTokens: 3,
        numReturnSequences: 30,
        doSample: true,
        eosTokenId: [],
      }),
    );
    assert.equal(events.filter((event) => event.type === 'finish').length, 30);
  });

  test('takes a prompt that is refused for its length for no more than the context', async (t) => {
    const engine = await start(t, { queueTokens: 1100 });
    const given = [engine.detokenize(ids(294)), engine.detokenize(ids(294))];
    await assert.rejects(collect(engine.generate({ prompt: text(2_000_000) })), hasCode('CONTEXT_OVERFLOW'));
    await Promise.all(given);
  });

  test('counts the texts of calls', async (t) => {
    const engine = await start(t, { queueTokens: 100 });
    const given = [engine.tokenize(text(30)), engine.detokenize(ids(30)), engine.embed([text(20), ids(20)])];
    await assert.rejects(engine.tokenize(text(1)), refused);
    await assert.rejects(engine.detokenize(ids(1)), refused);
    await assert.rejects(engine.embed([ids(1)]), refused);
    assert.throws(() => engine.generate({ prompt: ids(1) }), refused);
    await Promise.all(given);
    const controller = new AbortController();
    const aborted = engine.tokenize(text(100), { signal: controller.signal });
    controller.abort();
    await assert.rejects(aborted, hasCode('CANCELLED'));
    assert.equal((await engine.embed([ids(100)])).promptTokens[0], 100);
  });

  test('lets others in beside a giant that runs', async (t) => {
    const engine = await start(t, { queueTokens: 200 });
    let hasEnded = false;
    const giant = engine.embed(Array.from({ length: 8 }, () => ids(500))).then(() => {
      hasEnded = true;
    });
    await assert.rejects(engine.embed([ids(101)]), refused);
    assert.equal((await engine.embed([ids(1)])).promptTokens[0], 1);
    assert.equal((await engine.tokenize('The dog')).length > 0, true);
    // Inputs take turns: the small one did not wait for all of the large request.
    assert.equal(hasEnded, false);
    await giant;
  });

  test('keeps what waits through a crash, until its prompt is computed', async (t) => {
    const engine = await start(t, { queueTokens: 100 });
    await occupy(engine);
    const waiting = [1, 2].map(() =>
      collect(engine.generate({ prompt: ids(50), maxNewTokens: 5, eosTokenId: [] })),
    );
    process.kill((await engine.stats()).pid, 'SIGKILL');
    await assert.rejects(engine.stats(), hasCode('ENGINE_CRASHED'));
    assert.throws(() => engine.generate({ prompt: ids(1) }), refused);
    for (const events of await Promise.all(waiting)) assert.equal(events.at(-1)?.type, 'finish');
    assert.equal((await engine.embed([ids(100)])).promptTokens[0], 100);
  });
});
