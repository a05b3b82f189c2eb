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

/** The sizes of a base's heads, from its config.json. */
interface Heads {
  readonly hidden_size?: number;
  readonly num_attention_heads?: number;
}

/**
 * Where a row of B goes: rotated queries and keys of a LLaMA have the two halves of each head interleaved in a GGUF,
 * everything else stays.
 */
function rowInFile(module: string, row: number, heads: Heads): number {
  if (!/\.self_attn\.[qk]_proj$/.test(module)) return row;
  const size = (heads.hidden_size ?? NaN) / (heads.num_attention_heads ?? NaN);
  const [head, within] = [Math.floor(row / size), row % size];
  const half = within < size / 2 ? 0 : 1;
  return head * size + 2 * (within - (half * size) / 2) + half;
}

/** The values of a recipe's tensor, row by row. */
function recipeRows(recipe: AdapterRecipe, tensor: string): Float64Array[] {
  const [, shape] = recipe.tensors.find(([name]) => name === tensor) ?? assert.fail(tensor);
  const [rows = 0, columns = 0] = shape;
  const values = weightValues(recipe.seed, tensor, rows * columns, recipe.dtype, 'matrix');
  return Array.from({ length: rows }, (_, row) => values.subarray(row * columns, (row + 1) * columns));
}

/** Every element: llama.cpp's scale times what is stored is what PEFT's is times the recipe's values. */
async function compareScaled(
  path: string,
  recipe: AdapterRecipe,
  alpha: number,
  heads: Heads,
): Promise<void> {
  const file = await readGguf(path);
  const handle = await open(path);
  try {
    const modules = recipe.tensors.flatMap(
      ([tensor]) => /^base_model\.model\.(.*)\.lora_B\.weight$/.exec(tensor)?.[1] ?? [],
    );
    assert.equal(file.tensors.length, 2 * modules.length);
    for (const [index, stored] of file.tensors.entries()) {
      const module = modules[index >> 1] ?? assert.fail();
      const isA = index % 2 === 0;
      assert.ok(stored.name.endsWith(isA ? '.lora_a' : '.lora_b'), stored.name);
      const rows = recipeRows(recipe, `base_model.model.${module}.lora_${isA ? 'A' : 'B'}.weight`);
      const [first] = rows;
      const columns = first?.length ?? assert.fail();
      assert.deepEqual(stored.dimensions, [columns, rows.length], stored.name);
      const values = new Float32Array((await readTensorData(handle, file, stored)).buffer);
      // B's columns are as many as its rank.
      const factor = isA ? 1 : ((recipe.scalings[module] ?? NaN) * columns) / alpha;
      for (const [row, elements] of rows.entries()) {
        const start = (isA ? row : rowInFile(module, row, heads)) * columns;
        for (const [column, element] of elements.entries()) {
          const difference = Math.abs((values[start + column] ?? NaN) - element * factor);
          if (!(difference <= 1e-6 * Math.abs(element * factor)))
            assert.fail(`${stored.name}: ${module} [${row}, ${column}]`);
        }
      }
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
  if (outtype !== 'f32') return;
  const { base, adapters } = readMerge(name);
  const heads = readRecipe(base).files['config.json'] as Heads;
  await compareScaled(path, adapters[0] ?? assert.fail(), alphaOf(ours.metadata), heads);
}

for (const name of caseNames('adapters')) {
  describe(`${name} alone: the same as llama.cpp's converter`, () => {
    for (const outtype of ['f32', 'f16'] as const)
      test(outtype, (context) => compare(context, name, outtype));
  });
}
