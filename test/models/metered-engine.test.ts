import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import type { Generation } from '../../src/engine/engine.js';
import type { GenerationEvent } from '../../src/generation/events.js';
import { KeyUsage } from '../../src/models/key-usage.js';
import { MeteredEngine } from '../../src/models/metered-engine.js';
import { eventually, hasCode } from '../engine/conformance.js';
import { FakeEngine, type FakeEngineOptions } from '../fakes/engine.js';

const LIMIT = 100;

function metered(options: FakeEngineOptions = {}): {
  engine: FakeEngine;
  user: MeteredEngine;
  /** Neither taken nor kept for anybody. */
  left: () => number | undefined;
} {
  const engine = new FakeEngine(options);
  const usage = new KeyUsage({ tokensPerMinute: LIMIT }, () => 0);
  return { engine, user: new MeteredEngine(engine, usage, {}), left: () => usage.tokens?.remaining };
}

async function eventsOf(generation: Generation): Promise<GenerationEvent[]> {
  const events: GenerationEvent[] = [];
  for await (const event of generation) events.push(event);
  return events;
}

describe('a metered engine', () => {
  test('gives the events that the engine gives', async () => {
    const { user } = metered();
    const request = { prompt: 'The dog', maxNewTokens: 5, doSample: true, numReturnSequences: 3, seed: 4 };
    assert.deepEqual(
      await eventsOf(user.generate(request)),
      await eventsOf(new FakeEngine().generate(request)),
    );
    assert.equal(user.generate({ prompt: [1], seed: 9 }).request.seed, 9);
  });

  test('keeps what a request can take, and settles what it took', async () => {
    const { user, left } = metered({ script: (index) => (index === 0 ? [' a', '<eos>'] : [' a']) });
    const generation = user.generate({
      ...{ prompt: [1, 2, 3], maxNewTokens: 20, doSample: true, numReturnSequences: 2, eosTokenId: [0] },
    });
    await eventually(() => left() === LIMIT - 43);
    const finishes = (await eventsOf(generation)).filter((event) => event.type === 'finish');
    const taken = finishes.reduce((sum, { generatedTokens }) => sum + generatedTokens, 3);
    assert.ok(taken < 43);
    assert.equal(left(), LIMIT - taken);
  });

  test('a search is kept and taken for all of its beams', async () => {
    const { user, left } = metered({ script: (index) => (index === 0 ? [' a', '<eos>'] : [' a']) });
    const search = { prompt: [1, 2, 3], numBeams: 4, numReturnSequences: 2, eosTokenId: [0] };
    const generation = user.generate({ ...search, maxNewTokens: 20 });
    await eventually(() => left() === LIMIT - 83);
    await eventsOf(generation);
    assert.equal(left(), LIMIT - 3 - 4 * 20);
    const { user: other, left: leftNow } = metered({ script: () => [' a', '<eos>'] });
    await eventsOf(other.generate({ ...search, maxNewTokens: 20 }));
    assert.equal(leftNow(), LIMIT - 3 - 4 * 2);
    await assert.rejects(
      eventsOf(metered().user.generate({ ...search, maxNewTokens: 30 })),
      /a prompt of 3 tokens and 4 x 30 new ones can never fit/,
    );
  });

  test('a search that is left counts as far as it came', async () => {
    const { user, left } = metered({ tokenDelayMs: 1 });
    const generation = user.generate({ prompt: [1], numBeams: 4, maxNewTokens: 20 });
    for await (const event of generation) if (event.type === 'token') break;
    await eventually(() => left() !== LIMIT - 81);
    const taken = LIMIT - 1 - (left() ?? 0);
    assert.ok(taken >= 4 && taken < 80 && taken % 4 === 0, String(taken));
  });

  test('counts a generation that is left, or never read, as far as it came', async () => {
    const { user, left } = metered({ tokenDelayMs: 1 });
    for await (const event of user.generate({ prompt: [1], maxNewTokens: 50 }))
      if (event.type === 'token') break;
    await eventually(() => left() !== LIMIT - 51);
    const afterOne = left() ?? 0;
    assert.ok(afterOne <= LIMIT - 2 && afterOne > LIMIT - 51);
    user.generate({ prompt: [1], maxNewTokens: 20 });
    await eventually(() => left() === afterOne - 21);
    user.leave();
    await eventually(() => (left() ?? 0) > afterOne - 21);
  });

  test('can be cancelled before the tokens of its prompt are counted', async () => {
    const { user, left } = metered();
    const generation = user.generate({ prompt: 'The dog', maxNewTokens: 50 });
    generation.cancel();
    const last = (await eventsOf(generation)).at(-1);
    assert.ok(last?.type === 'finish' && last.finishReason === 'cancelled');
    assert.ok((left() ?? 0) > LIMIT - 10);
  });

  test('keeps nothing where the engine refuses', async () => {
    const { user, engine, left } = metered();
    assert.throws(() => user.generate({ prompt: 'A', temperature: -1 }), hasCode('INVALID_REQUEST'));
    await engine.close();
    await assert.rejects(eventsOf(user.generate({ prompt: [1] })), hasCode('CLOSED'));
    assert.equal(left(), LIMIT);
  });

  test('takes nothing any more where the engine fails', async () => {
    const { user, left } = metered({ crashAfterTokens: 3 });
    await assert.rejects(
      eventsOf(user.generate({ prompt: [1], maxNewTokens: 50 })),
      hasCode('ENGINE_CRASHED'),
    );
    assert.equal(left(), LIMIT - 4);
  });

  test('has a context whose longest text takes no more than the limit', async () => {
    const { user } = metered();
    const { contextSize } = user.info;
    assert.equal(contextSize, LIMIT - 1);
    assert.equal(user.tokenLimit, LIMIT);
    // The last new token has no place in the context.
    const longest = { prompt: [1, 2, 3], maxNewTokens: contextSize - 3 + 1 };
    assert.equal((await eventsOf(user.generate(longest))).at(-1)?.type, 'finish');
    const longer = { ...longest, maxNewTokens: longest.maxNewTokens + 1 };
    await assert.rejects(eventsOf(user.generate(longer)), hasCode('INVALID_REQUEST'));
    assert.equal(metered({ info: { contextSize: 64 } }).user.info.contextSize, 64);
  });

  test('tells how many generations of a request are too much together', async () => {
    const { user } = metered();
    const running = [1, 2, 3].map((id) => user.generate({ prompt: [id], maxNewTokens: 30 }));
    await assert.rejects(eventsOf(user.generate({ prompt: [4], maxNewTokens: 30 })), {
      code: 'INVALID_REQUEST',
      message:
        "maxNewTokens: 4 generations of this request, which take 124 tokens together, can never fit into this API key's 100 tokens a minute; ask for fewer",
    });
    for (const generation of running) await eventsOf(generation);
  });

  test('counts the inputs of embeddings', async () => {
    const { user, engine, left } = metered();
    const inputs = ['The old dog', [1, 2, 3, 4]];
    const { promptTokens } = await user.embed(inputs);
    assert.equal(left(), LIMIT - promptTokens.reduce((sum, count) => sum + count));
    const many = Array.from({ length: 200 }, () => 'The old dog');
    const counted = engine.tokenized.length;
    await assert.rejects(user.embed(many), hasCode('INVALID_REQUEST'));
    assert.ok(engine.tokenized.length - counted < 200);
    const full = Array.from({ length: LIMIT }, () => 1);
    await assert.rejects(user.embed([full]), hasCode('RATE_LIMITED'));
  });
});
