import { join } from 'node:path';

import { z } from 'zod';

import { FormatError, quote } from '../format-error.js';
import { parseJsonFile } from '../json-file.js';

/** PEFT's file beside an adapter's weights. */
export const ADAPTER_CONFIG = 'adapter_config.json';

const rank = z.int().min(1).max(0x7fffffff);
const patternOf = <T extends z.ZodType>(value: T) =>
  z
    .record(z.string(), value)
    .nullish()
    .transform((pattern) => new Map(Object.entries(pattern ?? {})));

/** Entries that say how the factors are added. Everything else is harmless or refused, see below. */
const schema = z.looseObject({
  r: rank,
  lora_alpha: z.number(),
  use_rslora: z.boolean().nullish(),
  rank_pattern: patternOf(rank),
  alpha_pattern: patternOf(z.number()),
  bias: z.enum(['none', 'all', 'lora_only']).nullish(),
  modules_to_save: z.array(z.string()).nullish(),
  lora_bias: z.boolean().nullish(),
});

/** The entries of adapter_config.json (PEFT's LoraConfig) that decide what a merge computes. */
export type AdapterConfig = Pick<z.output<typeof schema>, keyof typeof schema.shape>;

/**
 * Entries that change nothing about the sum of a saved adapter and its base: who is adapted shows in the
 * weights' names, initial values and training are past. fan_in_fan_out follows the module's kind, as in PEFT,
 * which corrects it for Linear and for Conv1D.
 */
const HARMLESS = new Set([
  'peft_type',
  'peft_version',
  'auto_mapping',
  'base_model_name_or_path',
  'revision',
  'task_type',
  'inference_mode',
  'target_modules',
  'exclude_modules',
  'layers_to_transform',
  'layers_pattern',
  'lora_dropout',
  'fan_in_fan_out',
  'merge_weights',
  'init_lora_weights',
  'loftq_config',
  'eva_config',
  'corda_config',
  'lora_ga_config',
  // Where PEFT obeys it, the file holds both tied matrices' factors.
  'ensure_weight_tying',
  'megatron_core',
  'qalora_group_size',
  'runtime_config',
]);

/** Variants of LoRA that compute something else than base + scale x B A, by the entry that turns them on. */
const VARIANTS: Readonly<Record<string, string>> = {
  use_dora: 'DoRA',
  use_qalora: 'QALoRA',
  alora_invocation_tokens: 'aLoRA, which acts on some tokens only',
  layer_replication: 'replicated layers',
  target_parameters: 'LoRA on parameters',
  trainable_token_indices: 'single trained tokens',
  megatron_config: 'Megatron layers',
  arrow_config: 'Arrow routing',
  kasa_config: 'KaSA',
  velora_config: 'VeLoRA',
  monteclora_config: 'MonteCLoRA',
  use_bdlora: 'BD-LoRA',
  enable_lora: 'LoRA on parts of a fused layer',
};

/** Ways of initialising that leave the base's weights as they are. */
const PLAIN_INITIALISATIONS = new Set(['true', 'false', 'gaussian', 'eva', 'orthogonal', 'mica']);

/**
 * Reads an adapter's configuration.
 *
 * @throws FormatError naming the entry that is wrong, or that means something which cannot be merged
 */
export async function readAdapterConfig(folder: string): Promise<AdapterConfig> {
  const path = join(folder, ADAPTER_CONFIG);
  const raw = await parseJsonFile(path, z.record(z.string(), z.unknown()));
  checkPeftType(raw['peft_type']);
  checkInitialisation(raw['init_lora_weights']);
  for (const [entry, value] of Object.entries(raw)) checkEntry(entry, value);
  return parseJsonFile(path, schema);
}

function checkPeftType(peftType: unknown): void {
  // Absent in files of the first adapters, which were all LoRA.
  if (peftType === undefined || peftType === null || peftType === 'LORA') return;
  throw new FormatError(ADAPTER_CONFIG, `expected LORA for peft_type, received ${describe(peftType)}`);
}

/** PEFT sets the entry to true when it saves such an adapter in the form that fits the original base. */
function checkInitialisation(value: unknown): void {
  if (value === undefined || value === null) return;
  const plain = typeof value === 'boolean' || typeof value === 'string';
  if (plain && PLAIN_INITIALISATIONS.has(String(value).toLowerCase())) return;
  throw new FormatError(
    ADAPTER_CONFIG,
    `expected an initialisation that keeps the base's weights for init_lora_weights, received ` +
      `${describe(value)}: save the adapter with path_initial_model_for_weight_conversion`,
  );
}

function checkEntry(entry: string, value: unknown): void {
  if (HARMLESS.has(entry) || Object.hasOwn(schema.shape, entry) || isUnset(value)) return;
  const variant = VARIANTS[entry];
  throw new FormatError(
    ADAPTER_CONFIG,
    variant === undefined
      ? `the entry ${quote(entry)} is not known: received ${describe(value)}`
      : `${entry} is not supported (${variant}): received ${describe(value)}`,
  );
}

function isUnset(value: unknown): boolean {
  if (value === null || value === undefined || value === false || value === '') return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

function describe(value: unknown): string {
  return quote(JSON.stringify(value)).slice(1, -1).replaceAll('\\"', '"');
}
