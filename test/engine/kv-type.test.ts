import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';

import { uint32 } from '../../scripts/convert/gguf/values.js';
import { EngineProcess } from '../../src/engine/engine-process.js';
import type { EngineOptions } from '../../src/engine/engine.js';
import { GoodModel } from './damage.js';
import { shippedEngineOptions, shippedModel } from './shipped-model.js';

async function greedyText(overrides: Partial<EngineOptions>): Promise<string> {
  const engine = await EngineProcess.start(shippedEngineOptions({ parallelSequences: 1, ...overrides }));
  let text = '';
  for await (const event of engine.generate({ prompt: 'The little dog', maxNewTokens: 24 })) {
    if (event.type === 'token') text += event.text;
  }
  await engine.close();
  return text;
}

async function memoryBytes(overrides: Partial<EngineOptions>): Promise<number> {
  const engine = await EngineProcess.start(shippedEngineOptions({ parallelSequences: 1, ...overrides }));
  await engine.close();
  return engine.info.memoryBytes;
}

describe('the element type of the KV cache', () => {
  test('changes no greedy text of the shipped model', async () => {
    const text = await greedyText({});
    assert.ok(text.length > 20, text);
    for (const kvType of ['f32', 'q8_0'] as const) assert.equal(await greedyText({ kvType }), text, kvType);
    assert.equal(await greedyText({ kvType: 'f32', kvLayout: 'unified' }), text);
  });

  test('has to divide the heads of the model', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'glossa-kv-type-'));
    t.after(() => rm(folder, { recursive: true }));
    // 256 dimensions in 16 heads of 16, where blocks of q8_0 have 32.
    const good = await GoodModel.read(shippedModel);
    const modelPath = join(folder, 'small-heads.gguf');
    const metadata = { 'gpt2.attention.head_count': uint32(16) };
    await writeFile(modelPath, await good.altered(folder, { metadata }));
    assert.ok((await greedyText({ modelPath })).length > 0);
    await assert.rejects(greedyText({ modelPath, kvType: 'q8_0' }), {
      code: 'MODEL_LOAD_FAILED',
      message: /with kvType q8_0: .*block size 32 does not divide n_embd_head_k=16$/,
    });
  });
});

test("the beams' pool counts in the memory of a model before it is taken", async () => {
  // 5 layers of keys and values in 256 dimensions and 2 bytes.
  const beamCells = 200_192;
  const poolBytes = beamCells * 5 * 2 * 256 * 2;
  const without = await memoryBytes({ beamCells: 256 });
  const apart = (await memoryBytes({ beamCells })) - without;
  assert.ok(Math.abs(apart / poolBytes - 1) < 0.05, `${apart} for ${poolBytes}`);
});
