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

interface Chosen {
  readonly id: number;
  readonly logprob: number;
}

/** Reads a generation until it has given so many tokens; what is returned reads the rest and gives all of them. */
async function begun(generation: Generation, tokens: number): Promise<() => Promise<Chosen[]>> {
  const chosen: Chosen[] = [];
  const events = generation[Symbol.asyncIterator]();
  const read = async (): Promise<boolean> => {
    const next = await events.next();
    if (next.done === true) return false;
    if (next.value.type === 'token') chosen.push({ id: next.value.tokenId, logprob: next.value.logprob });
    return true;
  };
  while (chosen.length < tokens && (await read()));
  return async () => {
    while (await read());
    return chosen;
  };
}

describe('background requests on the shipped model', () => {
  for (const reproducible of [false, true]) {
    test(`give the same tokens if interrupted, ${reproducible ? 'in reproducible mode' : 'by default'}`, async (t) => {
      const engine = await EngineProcess.start(
        shippedEngineOptions({ reproducible, parallelSequences: 2, contextSize: 256 }),
      );
      t.after(() => engine.close());
      const alone = [];
      for (const seed of [1, 2]) alone.push(await (await begun(engine.generate(drawn(seed)), 1))());
      const rests = [];
      for (const seed of [1, 2])
        rests.push(await begun(engine.generate(drawn(seed), { priority: 'background' }), 8));
      for (let round = 0; round < 2; round += 1) {
        const short = { prompt: 'She said', maxNewTokens: 6 };
        await Promise.all([1, 2].map(() => collect(engine.generate(short))));
      }
      const interrupted = [];
      for (const rest of rests) interrupted.push(await rest());
      const ids = (texts: Chosen[][]): number[][] => texts.map((text) => text.map(({ id }) => id));
      assert.deepEqual(ids(interrupted), ids(alone));
      if (reproducible) assert.deepEqual(interrupted, alone, 'to the last bit');
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
    const from = await engine.stats();
    await collect(engine.generate({ prompt, maxNewTokens: 100, eosTokenId: [] }));
    const to = await engine.stats();
    const tokens = to.generatedTokens - from.generatedTokens - 100;
    // Ten steps with all four, and what they did before the stream began and after its end.
    assert.ok(tokens >= 36 && tokens <= 100, `${tokens} background tokens beside 100 of the stream`);
    for (const other of others) other.cancel();
  });
});
