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
    const leave = waiting.enter(6);
    waiting.enter(4);
    assert.throws(() => waiting.enter(1), {
      code: 'OVERLOADED',
      message: '10 tokens are waiting already, and 1 more exceed 10; try again later',
    });
    leave();
    // What has left is not counted off again.
    leave();
    assert.throws(() => waiting.enter(7), refused);
    waiting.enter(6);
  });

  test('of one request may be more than the limit while no others wait', () => {
    const waiting = new WaitingTokens(10);
    const leave = waiting.enter(1000);
    assert.throws(() => waiting.enter(1), refused);
    leave();
    waiting.enter(10);
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
    const waiting = engine.generate({ prompt: ids(60), maxNewTokens: 1 }, { signal: controller.signal });
    assert.throws(() => engine.generate({ prompt: ids(41) }), refused);
    assert.throws(() => engine.generate({ prompt: text(41) }), refused);
    const fitting = engine.generate({ prompt: ids(40), maxNewTokens: 1, eosTokenId: [] });
    controller.abort();
    await collect(waiting);
    const next = engine.generate({ prompt: ids(60), maxNewTokens: 1, eosTokenId: [] });
    running.cancel();
    for (const generation of [fitting, next])
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
    const engine = await start(t, { queueTokens: 513 });
    const given = engine.tokenize('a');
    await assert.rejects(collect(engine.generate({ prompt: text(2_000_000) })), hasCode('CONTEXT_OVERFLOW'));
    await given;
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

  test('keeps what waits through a crash, until its prompt is computed', async (t) => {
    const engine = await start(t, { queueTokens: 100 });
    await occupy(engine);
    const waiting = collect(engine.generate({ prompt: ids(100), maxNewTokens: 5, eosTokenId: [] }));
    process.kill((await engine.stats()).pid, 'SIGKILL');
    await assert.rejects(engine.stats(), hasCode('ENGINE_CRASHED'));
    assert.throws(() => engine.generate({ prompt: ids(1) }), refused);
    assert.equal((await waiting).at(-1)?.type, 'finish');
    assert.equal((await engine.embed([ids(100)])).promptTokens[0], 100);
  });
});
