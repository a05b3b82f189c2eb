import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import type { Checkpoint } from '../../../scripts/convert/checkpoint.js';
import { mergeAdapters, type MergedSource, type MergeOptions } from '../../../scripts/convert/lora/index.js';
import { openSource } from '../../../scripts/convert/source.js';
import { type NewTensor, writeSafetensors } from '../raw-safetensors.js';
import { newTensor, writeJson } from '../tiny-gpt2.js';

/** What PEFT writes for a plain adapter of rank 2, as far as it matters. */
export const PLAIN_CONFIG = {
  peft_type: 'LORA',
  task_type: 'CAUSAL_LM',
  base_model_name_or_path: 'somebody/tiny',
  r: 2,
  lora_alpha: 4,
  lora_dropout: 0.05,
  bias: 'none',
  fan_in_fan_out: false,
  use_rslora: false,
  use_dora: false,
  rank_pattern: {},
  alpha_pattern: {},
  target_modules: ['c_attn'],
  modules_to_save: null,
  init_lora_weights: true,
  layers_to_transform: null,
  loftq_config: {},
};

/** Where PEFT puts the names of GPT-2's modules. */
export const PREFIX = 'base_model.model.transformer.';
const C_ATTN = `${PREFIX}h.0.attn.c_attn`;

/** Factors of rank 2 for the first layer's c_attn: [in, out] = [32, 96]. */
export const PLAIN_TENSORS = [
  newTensor(`${C_ATTN}.lora_A.weight`, [2, 32]),
  newTensor(`${C_ATTN}.lora_B.weight`, [96, 2]),
];

/** Entries of adapter_config.json that differ from the plain ones; undefined leaves one out. */
export type ConfigChanges = Readonly<Record<string, unknown>>;

/** Writes a PEFT folder `name` into `parent` and gives its path. */
export async function writeAdapter(
  parent: string,
  tensors: readonly NewTensor[] = PLAIN_TENSORS,
  changes: ConfigChanges = {},
  name = 'tiny-lora',
): Promise<string> {
  const folder = join(parent, name);
  await mkdir(folder);
  await writeSafetensors(join(folder, 'adapter_model.safetensors'), tensors);
  await writeJson(folder, 'adapter_config.json', { ...PLAIN_CONFIG, ...changes });
  return folder;
}

/** Opens a base and merges adapters into it. */
export async function merge(
  base: string,
  folders: readonly string[],
  { scale = 1, ...options }: MergeOptions & { readonly scale?: number } = {},
): Promise<MergedSource> {
  return mergeAdapters(
    await openSource(base),
    folders.map((folder) => ({ folder, scale })),
    options,
  );
}

/** Values of an F32 tensor. */
export async function floats(checkpoint: Checkpoint, name: string): Promise<number[]> {
  const { buffer } = await checkpoint.read(name);
  return [...new Float32Array(buffer)];
}

/** A tensor of values given by hand. */
export function handmade(name: string, shape: readonly number[], values: readonly number[]): NewTensor {
  return { name, dtype: 'F32', shape, data: new Uint8Array(Float32Array.from(values).buffer) };
}
