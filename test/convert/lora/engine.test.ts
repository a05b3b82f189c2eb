import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';

import { convertCheckpoint } from '../../../scripts/convert/convert.js';
import { convertAdapter } from '../../../scripts/convert/lora/index.js';
import { type Addon, loadAddon } from '../../../src/engine/addon.js';
import type { NativeAdapterUse } from '../../../src/engine/native-engine.js';
import { openBackend } from '../../../src/engine/backend.js';
import { parseGenerationRequest } from '../../../src/generation/request.js';
import { adapterFromRecipe, readMerge } from '../goldens/adapter-from-recipe.js';
import { checkpointFromRecipe } from '../goldens/checkpoint-from-recipe.js';
import { departures } from '../goldens/departures.js';
import { readRecipe } from '../goldens/recipes.js';
import { scratchFolder } from '../scratch.js';
import { PLAIN_TERMS } from '../../fakes/engine.js';

const PROMPT: readonly number[] = [5, 9, 17, 40, 3];
const NEW_TOKENS = 24;

interface Run {
  readonly path: string;
  readonly adapters: readonly string[];
  readonly uses: readonly NativeAdapterUse[];
}

/** The tokens that a model continues a fixed prompt with, the likeliest each time. */
async function greedy(addon: Addon, { path, adapters, uses }: Run): Promise<number[]> {
  const model = await addon.loadModel({ path, gpuLayers: 0, adapters }, () => undefined);
  const tokens: number[] = [];
  const sizes = {
    contextSize: 64,
    parallelSequences: 1,
    kvCells: 64,
    beamCells: 64,
    kvType: 'f16',
    kvLayout: 'split',
    threads: 1,
  } as const;
  const settings = { turnFile: -1, cacheRamBytes: 0, reproducible: true, adapterSets: [uses] };
  let finish: () => void = () => undefined;
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const engine = await addon.createEngine(model, { ...sizes, ...settings }, (events) => {
    for (const event of events) {
      if (event[0] === 'token') tokens.push(event[3]);
      if (event[0] === 'finish' || event[0] === 'failed') finish();
    }
    engine.acknowledge();
  });
  engine.submit({
    ...parseGenerationRequest({ prompt: PROMPT }),
    maxNewTokens: NEW_TOKENS,
    id: 1,
    prompt: PROMPT,
    eosTokenId: [],
    seed: 0,
    ...PLAIN_TERMS,
  });
  await finished;
  await engine.stop();
  return tokens;
}

describe('llama.cpp computes the same with an adapter at run time and merged', () => {
  const addon = loadAddon();
  for (const name of [
    'llama-patterns-rslora',
    'llama-scaled',
    'gpt2-conv1d',
    'neox',
    'phi3',
    'qwen2',
    'gemma2',
  ]) {
    test(name, async (context) => {
      await openBackend(addon, 'off');
      // The engine's channel does not keep the process alive.
      const timer = setInterval(() => undefined, 1000);
      context.after(() => {
        clearInterval(timer);
      });
      const parent = await scratchFolder(context);
      const golden = readMerge(name);
      const source = await checkpointFromRecipe(parent, readRecipe(golden.base));
      const folder = await adapterFromRecipe(parent, golden, 0);
      const scale = golden.adapters[0]?.scale ?? assert.fail();
      const [base, merged, alone] = ['base', 'merged', 'alone'].map((file) => join(parent, `${file}.gguf`));
      assert.ok(base !== undefined && merged !== undefined && alone !== undefined);
      const plain = { source, outtype: 'f32', align: false } as const;
      await convertCheckpoint({ ...plain, outfile: base });
      await convertCheckpoint({ ...plain, adapters: [{ folder, scale }], outfile: merged });
      await convertAdapter({ adapter: folder, base: source, outfile: alone });
      const uses = [{ adapter: 0, scale }];
      const adapted = await greedy(addon, { path: base, adapters: [alone], uses });
      assert.equal(adapted.length, NEW_TOKENS);
      assert.deepEqual(await departures(merged, PROMPT, adapted), []);
      const unadapted = await greedy(addon, { path: base, adapters: [], uses: [] });
      assert.notDeepEqual(await departures(merged, PROMPT, unadapted), []);
    });
  }
});
