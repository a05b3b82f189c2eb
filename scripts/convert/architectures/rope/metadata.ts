import { float32, type GgufValue, string, uint32 } from '../../gguf/values.js';
import { longropeAttentionFactor, stretch, yarnAttentionFactor } from './attention-factor.js';
import type { RopeConfig } from './config.js';

type Entry = readonly [key: string, value: GgufValue];

/**
 * Metadata of the rotary embedding, keys after the architecture's name, in llama.cpp's converter's order.
 * What goes beyond it: YaRN's and LongRoPE's attention factors and LongRoPE's original context, which
 * llama.cpp reads.
 */
export function ropeMetadata(architecture: string, rope: RopeConfig): Entry[] {
  return [...scalingEntries(rope), ['freq_base', float32(rope.theta)] as const].map(([key, value]) => [
    `${architecture}.rope.${key}`,
    value,
  ]);
}

/** llama.cpp's own base: an architecture whose converter leaves it out need not be told. */
export const DEFAULT_THETA = 10_000;

function scalingEntries(rope: RopeConfig): Entry[] {
  const { scaling } = rope;
  switch (scaling.type) {
    case 'linear':
      return [
        ['scaling.type', string('linear')],
        ['scaling.factor', float32(scaling.factor)],
      ];
    case 'yarn':
      return yarnEntries(rope, scaling);
    case 'longrope':
      return [
        ['scaling.type', string('longrope')],
        ['scaling.original_context_length', uint32(rope.originalContext)],
        ['scaling.attn_factor', float32(longropeAttentionFactor(rope, scaling))],
      ];
    // llama3 becomes a tensor; dynamic changes nothing up to max_position_embeddings.
    case 'default':
    case 'dynamic':
    case 'llama3':
      return [];
  }
}

function yarnEntries(rope: RopeConfig, scaling: Extract<RopeConfig['scaling'], { type: 'yarn' }>): Entry[] {
  const attention = yarnAttentionFactor(rope, scaling);
  const written = scaling.attention_factor === undefined ? scaling.attn_factor : scaling.attention_factor;
  const optional = (key: string, value: number | null | undefined): Entry[] =>
    value === null || value === undefined ? [] : [[key, float32(value)]];
  return [
    ['scaling.type', string('yarn')],
    ['scaling.factor', float32(stretch(rope, scaling.factor))],
    ['scaling.original_context_length', uint32(rope.originalContext)],
    ...optional('scaling.yarn_ext_factor', scaling.extrapolation_factor),
    // llama.cpp reads this one and then computes its own.
    ...optional('scaling.yarn_attn_factor', written),
    ...optional('scaling.yarn_beta_fast', scaling.beta_fast),
    ...optional('scaling.yarn_beta_slow', scaling.beta_slow),
    ...optional('scaling.attn_factor', Math.abs(attention - 1) < 1e-6 ? undefined : attention),
  ];
}

/** What is to be said of a rotary embedding that llama.cpp computes the same only up to a length. */
export function ropeWarnings({ scaling, maxPositions }: RopeConfig): string[] {
  if (scaling.type !== 'dynamic') return [];
  return [
    `rope type dynamic: llama.cpp computes it up to max_position_embeddings (${maxPositions}) and does not stretch beyond`,
  ];
}
