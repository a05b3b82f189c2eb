import { z } from 'zod';

import { checkJson } from '../../json-file.js';
import type { ModelConfig } from '../architecture.js';
import { size, unexpected } from '../config-checks.js';

const positive = z.number().positive();
const share = positive.max(1).nullish();
const factors = z.array(positive).min(1);

const linear = z.object({ factor: positive });
const yarn = z.object({
  factor: positive.nullish(),
  original_max_position_embeddings: size.nullish(),
  attention_factor: positive.nullish(),
  attn_factor: positive.nullish(),
  extrapolation_factor: z.number().nullish(),
  beta_fast: positive.nullish(),
  beta_slow: positive.nullish(),
  mscale: z.number().nullish(),
  mscale_all_dim: z.number().nullish(),
  // llama.cpp rounds the range's ends, as transformers does by default.
  truncate: z.literal(true).default(true),
});
const longrope = z.object({
  factor: positive.nullish(),
  original_max_position_embeddings: size.nullish(),
  attention_factor: positive.nullish(),
  long_factor: factors,
  short_factor: factors,
});
const llama3 = z.object({
  factor: positive,
  low_freq_factor: positive,
  high_freq_factor: positive,
  original_max_position_embeddings: size.nullish(),
});

/** Ways of stretching rotary positions, by transformers' names, and what each has to say. */
const SCALINGS = {
  // A factor without a type is nothing that transformers would heed.
  default: z.object({ factor: z.literal(1).nullish() }),
  linear,
  dynamic: linear,
  yarn,
  longrope,
  llama3,
} as const;

/** transformers' names of the ways of stretching rotary positions that the converter knows. */
export type RopeType = keyof typeof SCALINGS;

/** How positions are stretched, with config.json's entries. */
export type RopeScaling = {
  [Type in RopeType]: { readonly type: Type } & Readonly<z.output<(typeof SCALINGS)[Type]>>;
}[RopeType];

/** What config.json says about the rotary embedding, old layout or new. */
export interface RopeConfig {
  /** Base of the wavelengths. */
  readonly theta: number;
  /** Share of a head's dimensions that is rotated, 0 to 1. */
  readonly partial: number;
  readonly scaling: RopeScaling;
  /** Positions that the model was trained with before they were stretched. */
  readonly originalContext: number;
  readonly maxPositions: number;
}

/** What differs between architectures in the reading of rotary parameters. */
export interface RopeHabits {
  /** The types that llama.cpp computes for the architecture. */
  readonly types: readonly RopeType[];
  /** Other names of types. Default "su" for longrope, as old Phi-3 checkpoints have it. */
  readonly aliases?: Readonly<Record<string, RopeType>>;
  readonly maxPositions: number;
  /** Beside the parameters, in the old layout: the names of entries, and the share rotated by default. */
  readonly thetaEntry?: string;
  readonly partialEntry?: string;
  readonly partialDefault?: number;
  /** Where config.json's own original_max_position_embeddings wins over that of the parameters: its default. */
  readonly originalContext?: number;
}

const common = z.object({
  rope_type: z.string().nullish(),
  type: z.string().nullish(),
  rope_theta: positive.nullish(),
  partial_rotary_factor: share,
  original_max_position_embeddings: size.nullish(),
  // Positions in several dimensions, for pictures; and parameters for each kind of attention.
  mrope_section: z.null().optional(),
  full_attention: z.null().optional(),
  sliding_attention: z.null().optional(),
});

/**
 * Reads `rope_parameters` (transformers 5) or `rope_theta` with `rope_scaling` (before), with transformers'
 * defaults.
 *
 * @throws FormatError if an entry is wrong, or of a type that llama.cpp does not compute for the architecture
 */
export function readRope(config: ModelConfig, habits: RopeHabits): RopeConfig {
  const entry = isFilled(config['rope_scaling']) ? 'rope_scaling' : 'rope_parameters';
  const raw = config[entry] ?? {};
  const parameters = checkAt(entry, raw, common);
  const beside = <T extends z.ZodType>(name: string, schema: T): z.output<T> =>
    checkAt(name, config[name], schema);
  const type = ropeType(entry, parameters.rope_type ?? parameters.type ?? 'default', habits);
  const theta = beside(habits.thetaEntry ?? 'rope_theta', positive.nullish());
  const partial = beside(habits.partialEntry ?? 'partial_rotary_factor', share);
  const context = beside('original_max_position_embeddings', size.nullish());
  const original =
    habits.originalContext === undefined
      ? (parameters.original_max_position_embeddings ?? context)
      : (context ?? habits.originalContext);
  return {
    theta: parameters.rope_theta ?? theta ?? 10_000,
    partial: parameters.partial_rotary_factor ?? partial ?? habits.partialDefault ?? 1,
    scaling: { type, ...checkAt(entry, raw, SCALINGS[type]) } as RopeScaling,
    originalContext: original ?? habits.maxPositions,
    maxPositions: habits.maxPositions,
  };
}

/** transformers takes an empty object for none. */
function isFilled(value: unknown): boolean {
  return typeof value === 'object' ? value !== null && Object.keys(value).length > 0 : value !== undefined;
}

function checkAt<T extends z.ZodType>(entry: string, value: unknown, schema: T): z.output<T> {
  return checkJson('config.json', { [entry]: value }, z.object({ [entry]: schema }))[entry] as z.output<T>;
}

function ropeType(entry: string, name: string, { types, aliases }: RopeHabits): RopeType {
  const type = { su: 'longrope', ...aliases }[name] ?? name;
  const found = types.find((known) => known === type);
  if (found === undefined) throw unexpected(`${entry}.rope_type`, `one of ${types.join(', ')}`, name);
  return found;
}
