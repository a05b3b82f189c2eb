import assert from 'node:assert/strict';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';

import { convertCheckpoint } from '../../../scripts/convert/convert.js';
import { readGguf, readTensorData } from '../../../scripts/convert/gguf/reader.js';
import { OUTPUT_TYPES } from '../../../scripts/convert/output-types.js';
import { scratchFolder } from '../scratch.js';
import { adapterFromRecipe, type MergedSummary, type MergeGolden, readMerge } from './adapter-from-recipe.js';
import { checkpointFromRecipe, recipeTensor } from './checkpoint-from-recipe.js';
import { withDifferences } from './differences.js';
import { checksum, type GgufGolden, ggufGolden, type GoldenEntry } from './gguf-golden.js';
import { caseNames, GOLDENS, readRecipe } from './recipes.js';

/**
 * Both sides add up products of two binary32 numbers in an order of their own: a few units in the last place of the
 * largest element.
 */
const TOLERANCE = 8 * 2 ** -24;

/**
 * Adapters of an embedding that the base shares with its output matrix. In training only the embedding had the adapter;
 * PEFT's merge puts it into both (and warns), ours gives the file an output matrix of its own, the base's. Here: the
 * recipe's name of the shared tensor.
 */
const UNTIED: Readonly<Record<string, string>> = {
  'gpt2-embeddings': 'transformer.wte.weight',
  'llama-tied': 'model.embed_tokens.weight',
};

async function merge(context: TestContext, golden: MergeGolden): Promise<string> {
  const parent = await scratchFolder(context);
  const source = await checkpointFromRecipe(parent, readRecipe(golden.base));
  const adapters = [];
  for (const [index, { scale }] of golden.adapters.entries()) {
    adapters.push({ folder: await adapterFromRecipe(parent, golden, index), scale });
  }
  const tokenizer = golden.tokenizer === null ? undefined : join(GOLDENS, 'tokenizers', golden.tokenizer);
  const outfile = join(parent, 'out.gguf');
  await convertCheckpoint({ source, adapters, tokenizer, outtype: 'f32', outfile });
  return outfile;
}

/** The largest difference from what PEFT has at the sampled places, relative to the largest element. */
function compareSummary(name: string, values: Float32Array, expected: MergedSummary): number {
  const bytes = Buffer.from(expected.sample, 'base64');
  let largest = 0;
  for (let index = 0; index * 4 < bytes.length; index += 1) {
    const ours = values[index * expected.stride] ?? NaN;
    largest = Math.max(largest, Math.abs(ours - bytes.readFloatLE(index * 4)));
    assert.ok(!Number.isNaN(ours), name);
  }
  const relative = largest / expected.largest;
  assert.ok(relative <= TOLERANCE, `${name}: ${relative} of the largest element`);
  const bound = TOLERANCE * expected.largest * values.length;
  const sum = values.reduce((total, value) => total + value, 0);
  const squares = values.reduce((total, value) => total + value * value, 0);
  assert.ok(Math.abs(sum - expected.sum) <= bound, `${name}: sum ${sum}, PEFT's ${expected.sum}`);
  assert.ok(
    Math.abs(squares - expected.squares) <= 2 * bound * expected.largest,
    `${name}: squares ${squares}, PEFT's ${expected.squares}`,
  );
  return relative;
}

/** Without the output matrix that only our file has, which must be the base's embedding. */
function withoutOutput(golden: MergeGolden, ours: GgufGolden): GgufGolden {
  const shared = UNTIED[golden.name];
  if (shared === undefined) return ours;
  const base = readRecipe(golden.base);
  const tensor = recipeTensor(base, base.tensors.find(([name]) => name === shared) ?? assert.fail());
  const output = ours.tensors.find(([name]) => name === 'output.weight');
  assert.equal(output?.[2], `F32 ${checksum(tensor.data)}`);
  return { ...ours, tensors: ours.tensors.filter(([name]) => name !== 'output.weight') };
}

/**
 * A merged model is called after its last adapter, and an output matrix of its own counts in its size; the reference, given
 * the merged checkpoint under the base's name, knows of neither.
 */
const NAMES = /^general\.(name|version|finetune|basename|organization|size_label)$/;

function unnamed(metadata: readonly GoldenEntry[]): readonly GoldenEntry[] {
  return metadata.filter(([key]) => !NAMES.test(key));
}

async function compare(context: TestContext, golden: MergeGolden): Promise<void> {
  const path = await merge(context, golden);
  const ours = withoutOutput(golden, await ggufGolden(path));
  const theirs = Object.entries(golden.merged.tensors);
  assert.deepEqual(
    ours.tensors.map(([name, dimensions]) => [name, dimensions]),
    theirs.map(([name, [dimensions]]) => [name, dimensions]),
  );
  const metadata = withDifferences(`merge:${golden.name}`, golden.merged.metadata, OUTPUT_TYPES.f32.fileType);
  assert.deepEqual(unnamed(ours.metadata), unnamed(metadata));
  const file = await readGguf(path);
  const handle = await open(path);
  let largest = 0;
  try {
    for (const [index, [name, [, stored]]] of theirs.entries()) {
      const tensor = file.tensors.find((candidate) => candidate.name === name) ?? assert.fail();
      if (typeof stored === 'string') {
        assert.equal(ours.tensors[index]?.[2], stored, `${name}, which no adapter touches`);
      } else {
        assert.equal(tensor.type, 'F32', name);
        const { buffer } = await readTensorData(handle, file, tensor);
        largest = Math.max(largest, compareSummary(name, new Float32Array(buffer), stored));
      }
    }
  } finally {
    await handle.close();
  }
  context.diagnostic(`largest difference: ${largest.toExponential(2)} of the tensor's largest element`);
}

describe("merged in F32 as PEFT's merge_and_unload", () => {
  for (const golden of caseNames('merges').map(readMerge)) {
    test(golden.name, (context) => compare(context, golden));
  }
});
