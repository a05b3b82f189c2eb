import assert from 'node:assert/strict';
import { test } from 'node:test';

import { EngineProcess } from '../../src/engine/engine-process.js';
import type { GlossaError } from '../../src/errors.js';
import { shippedEngineOptions } from './shipped-model.js';

async function lengthOf(engine: EngineProcess, prompt: number[], maxNewTokens: number): Promise<number> {
  let tokens = 0;
  for await (const event of engine.generate({ prompt, maxNewTokens, eosTokenId: [] })) {
    if (event.type === 'token') tokens += 1;
  }
  return tokens;
}

function promptOf(length: number, seed: number): number[] {
  return Array.from({ length }, (_, index) => 300 + ((index * 7 + seed * 31) % 2000));
}

test('a unified pool much smaller than the requests together serves them all', async () => {
  const engine = await EngineProcess.start(shippedEngineOptions({ kvLayout: 'unified', kvCells: 768 }));
  const lengths = await Promise.all(
    Array.from({ length: 14 }, (_, index) => lengthOf(engine, promptOf(200, index), 40)),
  );
  assert.deepEqual(lengths, Array<number>(14).fill(40));
  const { usedCells, totalCells } = await engine.stats();
  assert.deepEqual([usedCells, totalCells], [0, 768]);
  await engine.close();
});

test('what never fits a unified pool is refused at once', async () => {
  const engine = await EngineProcess.start(shippedEngineOptions({ kvLayout: 'unified', kvCells: 256 }));
  assert.equal(engine.info.contextSize, 256);
  await assert.rejects(lengthOf(engine, promptOf(200, 1), 100), { code: 'CONTEXT_OVERFLOW' });
  assert.equal(await lengthOf(engine, promptOf(200, 1), 57), 57);
  await engine.close();
});

test('a context beyond the table of positions is refused when loading', async () => {
  await assert.rejects(
    EngineProcess.start(shippedEngineOptions({ contextSize: 2048 })),
    (error: GlossaError) => {
      assert.equal(error.code, 'MODEL_LOAD_FAILED');
      assert.match(error.message, /positions for 512 tokens, fewer than the contextSize of 2048/);
      return true;
    },
  );
});

test('closing while the model is loading ends the start', async () => {
  const stop = new AbortController();
  const starting = EngineProcess.start(shippedEngineOptions(), { signal: stop.signal });
  stop.abort();
  await assert.rejects(starting, { code: 'CLOSED' });
});

test('one request for many sequences does not shut out another', async () => {
  const engine = await EngineProcess.start(shippedEngineOptions({ parallelSequences: 2 }));
  const many = engine.generate({
    prompt: promptOf(20, 1),
    numReturnSequences: 40,
    maxNewTokens: 60,
    doSample: true,
    eosTokenId: [],
  });
  let finished = 0;
  const all = (async () => {
    for await (const event of many) finished += event.type === 'finish' ? 1 : 0;
  })();
  await lengthOf(engine, promptOf(20, 2), 10);
  assert.ok(finished < 20, `${finished} of 40 had to end first`);
  await all;
  assert.equal(finished, 40);
  await engine.close();
});
