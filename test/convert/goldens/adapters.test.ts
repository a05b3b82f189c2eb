import assert from 'node:assert/strict';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';

import { readGguf, readTensorData } from '../../../scripts/convert/gguf/reader.js';
import { convertAdapter } from '../../../scripts/convert/lora/index.js';
import { scratchFolder } from '../scratch.js';
import { adapterFromRecipe, type AdapterRecipe, readMerge } from './adapter-from-recipe.js';
import { checkpointFromRecipe } from './checkpoint-from-recipe.js';
import { type GgufGolden, ggufGolden, type GoldenEntry } from './gguf-golden.js';
import { caseNames, readRecipe, readStored } from './recipes.js';
import { weightValues } from './weights.js';

const ALPHA = 'adapter.lora.alpha';

/** What llama.cpp's converter made of an adapter alone. */
type AdapterGolden = Readonly<
  Record<
    'f32' | 'f16',
    {
      readonly metadata: readonly GoldenEntry[];
      readonly tensors: Readonly<
        Record<string, readonly [type: string, dimensions: readonly number[], checksum: string]>
      >;
    }
  >
>;

/**
 * Cases whose adapters the reference writes wrongly: it takes neither use_rslora nor alpha_pattern into the file, and
 * llama.cpp then scales by lora_alpha / rank. Ours must come out as PEFT's; `compareScaled` holds them against that.
 */
const MISSCALED: readonly string[] = ['llama-rslora', 'llama-patterns', 'llama-patterns-rslora'];

/**
 * Cases whose factors the reference turns round: it transposes them as it does GPT-2's weights, but PEFT keeps those of
 * a Conv1D as it keeps a Linear's, and llama.cpp refuses the file for its shapes.
 */
const TURNED: readonly string[] = ['gpt2-conv1d'];

/** Adapters of an embedding that is the output matrix too, for which llama.cpp has no place: ours is refused. */
const REFUSED: readonly string[] = ['gpt2-embeddings', 'llama-tied'];

async function convert(context: TestContext, name: string, outtype: 'f32' | 'f16'): Promise<string> {
  const parent = await scratchFolder(context);
  const golden = readMerge(name);
  const base = await checkpointFromRecipe(parent, readRecipe(golden.base));
  const adapter = await adapterFromRecipe(parent, golden, 0);
  const outfile = join(parent, 'adapter.gguf');
  await convertAdapter({ adapter, base, outtype, outfile });
  return outfile;
}

function expected(name: string, outtype: 'f32' | 'f16'): GgufGolden {
  const { metadata, tensors } = (readStored('adapters', name) as AdapterGolden)[outtype];
  return {
    metadata,
    tensors: Object.entries(tensors).map(([tensor, [type, dimensions, checksum]]) => [
      tensor,
      dimensions,
      `${type} ${checksum}`,
    ]),
  };
}

async function compareScaled(path: string, recipe: AdapterRecipe, alpha: number): Promise<void> {
  const file = await readGguf(path);
  const handle = await open(path);
  try {
    const modules = new Map(
      recipe.tensors.flatMap(([tensor, shape]) => {
        const module = /^base_model\.model\.(.*)\.lora_B\.weight$/.exec(tensor)?.[1];
        return module === undefined ? [] : [[module, { tensor, shape }] as const];
      }),
    );
    const ours = file.tensors.filter(({ name }) => name.endsWith('.lora_b'));
    assert.equal(ours.length, modules.size);
    for (const [index, [module, { tensor, shape }]] of [...modules].entries()) {
      const stored = ours[index] ?? assert.fail();
      const [, rank = 0] = shape;
      assert.deepEqual(stored.dimensions, [...shape].reverse(), stored.name);
      const { buffer } = await readTensorData(handle, file, stored);
      // Rows may be in another order (LLaMA's queries and keys), which no sum sees.
      const sum = new Float32Array(buffer).reduce((total, value) => total + Math.abs(value), 0);
      const values = weightValues(recipe.seed, tensor, (shape[0] ?? 0) * rank, recipe.dtype, 'matrix');
      const theirs =
        values.reduce((total, value) => total + Math.abs(value), 0) * (recipe.scalings[module] ?? NaN);
      assert.ok(Math.abs((sum * alpha) / rank / theirs - 1) < 1e-6, `${module} in ${stored.name}`);
    }
  } finally {
    await handle.close();
  }
}

function alphaOf(metadata: readonly GoldenEntry[]): number {
  const value = metadata.find(([key]) => key === ALPHA)?.[2];
  assert.ok(typeof value === 'number');
  return value;
}

async function compare(context: TestContext, name: string, outtype: 'f32' | 'f16'): Promise<void> {
  if (REFUSED.includes(name)) {
    await assert.rejects(convert(context, name, outtype), /is shared between embedding and output/);
    return;
  }
  const path = await convert(context, name, outtype);
  const ours = await ggufGolden(path);
  const theirs = expected(name, outtype);
  if (!MISSCALED.includes(name) && !TURNED.includes(name)) {
    assert.deepEqual(ours, theirs);
    return;
  }
  const kept = (golden: GgufGolden): unknown => ({
    metadata: golden.metadata.filter(([key]) => key !== ALPHA),
    tensors: golden.tensors.map(([tensor, dimensions, stored]) => [
      tensor,
      TURNED.includes(name) ? [] : dimensions,
      tensor.endsWith('.lora_a') && !TURNED.includes(name) ? stored : stored.split(' ')[0],
    ]),
  });
  assert.deepEqual(kept(ours), kept(theirs));
  const [recipe] = readMerge(name).adapters;
  if (outtype === 'f32') await compareScaled(path, recipe ?? assert.fail(), alphaOf(ours.metadata));
}

for (const name of caseNames('adapters')) {
  describe(`${name} alone: the same as llama.cpp's converter`, () => {
    for (const outtype of ['f32', 'f16'] as const)
      test(outtype, (context) => compare(context, name, outtype));
  });
}
