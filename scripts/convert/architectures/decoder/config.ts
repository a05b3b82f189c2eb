import { z } from 'zod';

import type { ModelConfig } from '../architecture.js';
import {
  expectCausalAttention,
  expectEven,
  expectMultiple,
  expectNoExperts,
  expectOneOf,
  isBaseModel,
  layerCount,
  SILU,
  size,
} from '../config-checks.js';
import type { RopeConfig } from '../rope/config.js';
import { expectKnownComputation } from './computation.js';

/*
 * What LLaMA and its descendants share: RMS norms, rotary positions, grouped-query attention, a gated
 * feed-forward part. Each architecture's own file says what it does differently.
 */

/** transformers' defaults of a model type. */
export interface DecoderDefaults {
  readonly vocab_size: number;
  readonly hidden_size: number;
  readonly intermediate_size: number;
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  /** null: as many as num_attention_heads. */
  readonly num_key_value_heads: number | null;
  readonly max_position_embeddings: number;
  readonly rms_norm_eps: number;
  readonly tie_word_embeddings: boolean;
}

/** The entries of config.json that the family shares, with a model type's defaults; for `z.object`. */
export function decoderEntries(defaults: DecoderDefaults) {
  return {
    vocab_size: size.default(defaults.vocab_size),
    hidden_size: size.default(defaults.hidden_size),
    intermediate_size: size.default(defaults.intermediate_size),
    num_hidden_layers: layerCount.default(defaults.num_hidden_layers),
    num_attention_heads: size.default(defaults.num_attention_heads),
    num_key_value_heads: size.nullable().default(defaults.num_key_value_heads),
    max_position_embeddings: size.default(defaults.max_position_embeddings),
    rms_norm_eps: z.number().positive().default(defaults.rms_norm_eps),
    tie_word_embeddings: z.boolean().default(defaults.tie_word_embeddings),
  };
}

/** `hidden_act` where llama.cpp computes SiLU. */
export const siluEntry = { hidden_act: z.string().default('silu') };

type DecoderEntries = z.output<z.ZodObject<ReturnType<typeof decoderEntries>>> & {
  readonly hidden_act?: string;
};

/** Sizes that tables of the family name. */
export type DecoderSize = 'vocabulary' | 'embedding' | 'inner' | 'queries' | 'keys' | 'head';

/** The numbers that a model of the family comes down to. */
export interface Decoder {
  readonly layers: number;
  readonly heads: number;
  readonly keyHeads: number;
  /** Dimensions of one head. */
  readonly headDim: number;
  readonly context: number;
  readonly epsilon: number;
  readonly sizes: Readonly<Record<DecoderSize, number>>;
  /** Whether the checkpoint may do without an output matrix: the embedding takes its place. */
  readonly outputOptional: boolean;
  readonly warnings: readonly string[];
}

/**
 * Reads and checks what the family shares.
 *
 * @param config the whole config.json
 * @param entries what the architecture's schema made of it
 * @param headDim config.json's, or undefined where a head has its share of the hidden size
 * @param known entries that the architecture computes although the family does not. Default none
 */
export function readDecoder(
  config: ModelConfig,
  entries: DecoderEntries,
  headDim?: number | null,
  known: readonly string[] = [],
): Decoder {
  const { num_attention_heads: heads, hidden_size: embedding } = entries;
  const keyHeads = entries.num_key_value_heads ?? heads;
  expectNoExperts(config);
  expectCausalAttention(config);
  expectKnownComputation(config, known);
  if (entries.hidden_act !== undefined) expectOneOf('hidden_act', entries.hidden_act, SILU);
  if (headDim === undefined || headDim === null)
    expectMultiple('hidden_size', embedding, 'num_attention_heads', heads);
  expectMultiple('num_attention_heads', heads, 'num_key_value_heads', keyHeads);
  const head = headDim ?? embedding / heads;
  expectEven('head_dim', head);
  return {
    layers: entries.num_hidden_layers,
    heads,
    keyHeads,
    headDim: head,
    context: entries.max_position_embeddings,
    epsilon: entries.rms_norm_eps,
    sizes: {
      vocabulary: entries.vocab_size,
      embedding,
      inner: entries.intermediate_size,
      queries: heads * head,
      keys: keyHeads * head,
      head,
    },
    outputOptional: entries.tie_word_embeddings || isBaseModel(config),
    warnings: entries.tie_word_embeddings || !isBaseModel(config) ? [] : [NO_OUTPUT],
  };
}

const NO_OUTPUT =
  'the checkpoint is a base model without an output matrix: llama.cpp puts the embedding in its place';

/** Refuses heads of another size than llama.cpp derives from the hidden size. */
export function expectPlainHeads({ headDim, heads, sizes }: Decoder): void {
  expectOneOf('head_dim', headDim, [sizes.embedding / heads]);
}

/** Refuses a rotary embedding that leaves part of a head alone, where llama.cpp turns all of it. */
export function expectWholeHeads({ partial }: RopeConfig): void {
  expectOneOf('partial_rotary_factor', partial, [1]);
}

/** Buffers of rotary frequencies that old checkpoints saved along with the weights. */
export const ROTARY_BUFFERS = /(^|\.)rotary_emb\.inv_freq$/;

/** What is to be said of attention that sees only the last positions, which llama.cpp's graph does not compute. */
export function slidingWindowWarnings(window: number | null | undefined, { context }: Decoder): string[] {
  if (window === null || window === undefined || window >= context) return [];
  return [
    `sliding_window ${window}: llama.cpp lets every token see all before it, so texts longer than that are computed otherwise`,
  ];
}
