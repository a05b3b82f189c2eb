import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { type NewTensor, writeSafetensors } from '../raw-safetensors.js';
import { writeTorch } from '../raw-torch.js';
import { writeJson } from '../tiny-gpt2.js';
import { GOLDENS, type Recipe, type RecipeTensor } from './recipes.js';
import { weightBytes, weightValues } from './weights.js';

/** Ways of storing weights that goldens know. */
export const STORAGES = ['safetensors', 'safetensors-sharded', 'bin', 'bin-sharded'] as const;
export type Storage = (typeof STORAGES)[number];

/** As scripts/goldens/checkpoint.py. */
const SHARDS = 3;

/** Writes a recipe's checkpoint into a new folder of its name inside `parent` and gives the folder's path. */
export async function checkpointFromRecipe(
  parent: string,
  recipe: Recipe,
  storage: Storage = 'safetensors',
): Promise<string> {
  const folder = join(parent, recipe.name);
  await cp(join(GOLDENS, 'tokenizers', recipe.tokenizer), folder, { recursive: true });
  for (const [name, content] of Object.entries(recipe.files)) {
    await writeFile(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
  }
  await writeWeights(
    folder,
    recipe.tensors.map((tensor) => recipeTensor(recipe, tensor)),
    storage,
  );
  return folder;
}

/** One tensor of a recipe with its data. */
export function recipeTensor(
  recipe: Pick<Recipe, 'seed' | 'dtype'>,
  [name, shape, options]: RecipeTensor,
): NewTensor {
  const dtype = options?.dtype ?? recipe.dtype;
  const length = shape.reduce((product, size) => product * size, 1);
  const values = weightValues(recipe.seed, name, length, dtype, options?.kind ?? 'matrix');
  return { name, dtype, shape, data: weightBytes(values, dtype) };
}

/** Tensors go to shards in turn, so that every order of reading differs from the recipe's. */
async function writeWeights(folder: string, tensors: readonly NewTensor[], storage: Storage): Promise<void> {
  const files = shardNames(storage);
  const shards = files.map((file, index) => ({
    file,
    tensors: tensors.filter((_, position) => position % files.length === index),
  }));
  const write = storage.startsWith('safetensors') ? writeSafetensors : writeTorch;
  for (const shard of shards) await write(join(folder, shard.file), shard.tensors);
  if (files.length === 1) return;
  const weightMap = Object.fromEntries(
    tensors.map(({ name }, position) => [name, files[position % files.length]]),
  );
  const index = storage.startsWith('safetensors')
    ? 'model.safetensors.index.json'
    : 'pytorch_model.bin.index.json';
  const totalSize = tensors.reduce((sum, { data }) => sum + data.length, 0);
  await writeJson(folder, index, { metadata: { total_size: totalSize }, weight_map: weightMap });
}

function shardNames(storage: Storage): string[] {
  const [stem, suffix] = storage.startsWith('safetensors')
    ? ['model', 'safetensors']
    : ['pytorch_model', 'bin'];
  if (!storage.endsWith('sharded')) return [`${stem}.${suffix}`];
  const digits = (value: number): string => String(value).padStart(5, '0');
  return Array.from(
    { length: SHARDS },
    (_, index) => `${stem}-${digits(index + 1)}-of-${digits(SHARDS)}.${suffix}`,
  );
}
