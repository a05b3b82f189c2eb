import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { writeSafetensors } from '../raw-safetensors.js';
import { writeTorch } from '../raw-torch.js';
import { writeJson } from '../tiny-gpt2.js';
import { recipeTensor } from './checkpoint-from-recipe.js';
import type { GoldenEntry } from './gguf-golden.js';
import { readStored, type RecipeTensor } from './recipes.js';
import type { RecipeDtype } from './weights.js';

/** One PEFT folder in few words: scripts/goldens/adapters.py. */
export interface AdapterRecipe {
  readonly seed: number;
  readonly dtype: RecipeDtype;
  readonly storage: 'safetensors' | 'bin';
  /** What the adapter counts when it is merged. */
  readonly scale: number;
  /** adapter_config.json. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly tensors: readonly RecipeTensor[];
  /** PEFT's factor of every adapted module, `scale` included, in the model's order. */
  readonly scalings: Readonly<Record<string, number>>;
  /** Tensors that PEFT does not load. */
  readonly unused: readonly string[];
}

/** A merged tensor in figures; `sample` is every `stride`-th element, F32 in base64. */
export interface MergedSummary {
  readonly stride: number;
  readonly sample: string;
  readonly sum: number;
  readonly squares: number;
  readonly largest: number;
}

/** What PEFT merged, and llama.cpp's converter wrote of it in F32: scripts/goldens/make_adapters.py. */
export interface MergeGolden {
  readonly name: string;
  /** The recipe of the base. */
  readonly base: string;
  /** The tokenizer's fixture, if it is not the base's. */
  readonly tokenizer: string | null;
  readonly adapters: readonly AdapterRecipe[];
  readonly merged: {
    readonly metadata: readonly GoldenEntry[];
    /** "F32 checksum" where the merge changed nothing. */
    readonly tensors: Readonly<Record<string, readonly [readonly number[], string | MergedSummary]>>;
  };
}

export function readMerge(name: string): MergeGolden {
  return readStored('merges', name) as MergeGolden;
}

/** Writes the folder of a case's adapter (`index` from 0) into `parent` and gives its path. */
export async function adapterFromRecipe(parent: string, golden: MergeGolden, index: number): Promise<string> {
  const recipe = golden.adapters[index];
  if (recipe === undefined) throw new Error(`${golden.name} has no adapter ${index}`);
  const folder = join(parent, `${golden.name}-lora-${index + 1}`);
  await mkdir(folder);
  await writeJson(folder, 'adapter_config.json', recipe.config);
  const tensors = recipe.tensors.map((tensor) => recipeTensor(recipe, tensor));
  const write = recipe.storage === 'safetensors' ? writeSafetensors : writeTorch;
  await write(join(folder, `adapter_model.${recipe.storage}`), tensors);
  return folder;
}
