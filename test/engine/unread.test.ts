import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { EngineProcess } from '../../src/engine/engine-process.js';
import { collect } from './conformance.js';
import { shippedEngineOptions } from './shipped-model.js';

let engine: EngineProcess;
before(async () => {
  engine = await EngineProcess.start(shippedEngineOptions());
});
after(() => engine.close());

const SEQUENCES = 16;
const request = { prompt: 'The little dog', maxNewTokens: 300, eosTokenId: [], doSample: true, seed: 1 };

/** Tokens generated once that number no longer grows. */
async function standstill(): Promise<number> {
  for (let before = -1; ;) {
    const { generatedTokens } = await engine.stats();
    if (generatedTokens === before) return before;
    before = generatedTokens;
    await sleep(500);
  }
}

test('a generation that nobody reads stands still, others go on, and it ends whole once it is read', async () => {
  const unread = engine.generate({ ...request, numReturnSequences: SEQUENCES - 2 });
  const waiting = await standstill();
  // 512 events may wait; what the engine had decoded before it heard of that comes on top.
  assert.ok(waiting >= 512 && waiting < (SEQUENCES - 2) * 300, String(waiting));

  const other = await collect(engine.generate({ ...request, maxNewTokens: 50, numReturnSequences: 2 }));
  assert.equal(other.filter(({ type }) => type === 'token').length, 100);
  const stats = await engine.stats();
  assert.deepEqual([stats.generatedTokens, stats.activeRequests], [waiting + 100, 1]);

  const events = await collect(unread);
  assert.equal(events.filter(({ type }) => type === 'token').length, (SEQUENCES - 2) * 300);
  assert.equal((await engine.stats()).activeRequests, 0);
});
