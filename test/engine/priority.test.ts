import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { EngineProcess } from '../../src/engine/engine-process.js';
import type { Generation } from '../../src/engine/engine.js';
import { collect } from '../../src/generation/collect.js';
import type { GenerationRequestInput } from '../../src/generation/request.js';
import { shippedEngineOptions } from './shipped-model.js';

const endless = { maxNewTokens: 400, eosTokenId: [] as number[] };

/** A text of a seed, long enough to be interrupted. */
function drawn(seed: number): GenerationRequestInput {
  return {
    prompt: 'Once upon a time there was a river that',
    doSample: true,
    seed,
    maxNewTokens: 60,
    eosTokenId: [],
  };
}

/** Reads a generation until it has given so many tokens; it goes on. */
async function begun(generation: Generation, tokens: number): Promise<() => Promise<number[]>> {
  const ids: number[] = [];
  const events = generation[Symbol.asyncIterator]();
  const read = async (): Promise<boolean> => {
    const { value, done } = await events.next();
    if (done === true) return false;
    if (value.type === 'token') ids.push(value.tokenId);
    return true;
  };
  while (ids.length < tokens && (await read()));
  return async () => {
    while (await read());
    return ids;
  };
}

describe('background requests on the shipped model', () => {
  for (const reproducible of [false, true]) {
    test(`give the same tokens if interrupted, ${reproducible ? 'in reproducible mode' : 'by default'}`, async (t) => {
      const engine = await EngineProcess.start(
        shippedEngineOptions({ reproducible, parallelSequences: 2, contextSize: 256 }),
      );
      t.after(() => engine.close());
      const alone: (readonly number[])[] = [];
      for (const seed of [1, 2])
        alone.push((await collect(engine.generate(drawn(seed)))).sequences[0]?.tokenIds ?? []);
      const rests = [];
      for (const seed of [1, 2])
        rests.push(await begun(engine.generate(drawn(seed), { priority: 'background' }), 8));
      const prompt = 'She said';
      for (let round = 0; round < 2; round += 1)
        await Promise.all([1, 2].map(() => collect(engine.generate({ prompt, maxNewTokens: 6 }))));
      const interrupted = [];
      for (const rest of rests) interrupted.push(await rest());
      assert.deepEqual(interrupted, alone);
      assert.ok((await engine.stats()).preemptions >= 2);
    });
  }
});

describe('an interactive stream on the shipped model', () => {
  let engine: EngineProcess;
  before(async () => {
    engine = await EngineProcess.start(shippedEngineOptions({ parallelSequences: 8 }));
  });
  after(() => engine.close());

  test('has nine in ten steps for itself beside four background ones', async () => {
    const prompt = 'The little dog';
    const others = [1, 2, 3, 4].map((seed) =>
      engine.generate({ prompt, doSample: true, seed, ...endless }, { priority: 'background' }),
    );
    await Promise.all(others.map((other) => begun(other, 2)));
    const rate = async (): Promise<{ steps: number; tokens: number }> => {
      const from = await engine.stats();
      await collect(engine.generate({ prompt, maxNewTokens: 100, eosTokenId: [] }));
      const to = await engine.stats();
      return {
        steps: to.decodeSteps - from.decodeSteps,
        tokens: to.generatedTokens - from.generatedTokens - 100,
      };
    };
    const { tokens } = await rate();
    // Ten steps with all four, and what they did before the stream began and after its end.
    assert.ok(tokens >= 36 && tokens <= 100, `${tokens} background tokens beside 100 of the stream`);
    for (const other of others) other.cancel();
  });
});
