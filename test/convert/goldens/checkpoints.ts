import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';

import { convertCheckpoint } from '../../../scripts/convert/convert.js';
import { OUTPUT_TYPES } from '../../../scripts/convert/output-types.js';
import { scratchFolder } from '../scratch.js';
import { checkpointFromRecipe, type Storage, STORAGES } from './checkpoint-from-recipe.js';
import { withDifferences } from './differences.js';
import { type GgufGolden, ggufGolden, type GoldenEntry, type GoldenTensor } from './gguf-golden.js';
import { caseNames, type Recipe, readRecipe, readStored } from './recipes.js';

const OUTTYPES = ['f32', 'f16', 'bf16', 'q8_0'] as const;
type Outtype = (typeof OUTTYPES)[number];

/** What llama.cpp's converter made of a recipe: scripts/goldens/make_checkpoints.py. */
interface CheckpointGolden {
  readonly metadata: readonly GoldenEntry[];
  readonly fileTypes: Readonly<Record<Outtype, number | null>>;
  readonly tensors: Readonly<
    Record<
      string,
      readonly [dimensions: readonly number[], stored: string | Readonly<Record<Outtype, string>>]
    >
  >;
  /** Positions of the tensors where the weights are stored otherwise than in one safetensors file. */
  readonly orders: Readonly<Record<Exclude<Storage, 'safetensors'>, readonly number[]>>;
}

function expected(golden: CheckpointGolden, outtype: Outtype, storage: Storage): GgufGolden {
  const metadata = golden.metadata.map((entry): GoldenEntry =>
    entry[0] === 'general.file_type' ? [entry[0], entry[1], golden.fileTypes[outtype]] : entry,
  );
  const tensors = Object.entries(golden.tensors).map(([name, [dimensions, stored]]): GoldenTensor => {
    return [name, dimensions, typeof stored === 'string' ? stored : stored[outtype]];
  });
  const order = storage === 'safetensors' ? tensors.keys() : golden.orders[storage];
  return { metadata, tensors: Array.from(order, (position) => at(tensors, position)) };
}

function at<T>(items: readonly T[], position: number): T {
  const item = items[position];
  assert.ok(item !== undefined);
  return item;
}

async function compare(
  context: TestContext,
  name: string,
  outtype: Outtype,
  storage: Storage,
): Promise<void> {
  const parent = await scratchFolder(context);
  const source = await checkpointFromRecipe(parent, readRecipe(name), storage);
  const golden = readStored('checkpoints', name) as CheckpointGolden;
  const { outfile } = await convertCheckpoint({
    source,
    outtype,
    outfile: join(parent, 'out.gguf'),
    align: false,
  });
  const ours = await ggufGolden(outfile);
  const theirs = expected(golden, outtype, storage);
  const metadata = withDifferences(name, theirs.metadata, OUTPUT_TYPES[outtype].fileType);
  assert.deepEqual(ours.metadata, metadata);
  assert.deepEqual(ours.tensors, theirs.tensors);
}

/** A test of every outtype and storage for each recipe of an architecture (config.json's `model_type`). */
export function describeArchitecture(modelType: string): void {
  const names = caseNames('checkpoints').filter((name) => modelTypeOf(readRecipe(name)) === modelType);
  assert.notEqual(names.length, 0);
  for (const name of names) {
    describe(`${name}: the same as llama.cpp's converter`, () => {
      for (const outtype of OUTTYPES) {
        test(outtype, (context) => compare(context, name, outtype, 'safetensors'));
      }
      for (const storage of STORAGES.slice(1)) {
        test(`f32, weights as ${storage}`, (context) => compare(context, name, 'f32', storage));
      }
    });
  }
}

function modelTypeOf({ files }: Recipe): unknown {
  return (files['config.json'] as { readonly model_type?: unknown }).model_type;
}
