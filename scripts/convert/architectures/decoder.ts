import { z } from 'zod';

import { float32, type GgufValue, uint32 } from '../gguf/values.js';
import type { TensorTransform } from '../tensors/transform.js';
import type { ModelConfig } from './architecture.js';
import {
  expectMultiple,
  expectNoExperts,
  expectOneOf,
  isBaseModel,
  layerCount,
  SILU,
  size,
} from './config-checks.js';
import type { RopeConfig } from './rope/config.js';
import { ropeMetadata } from './rope/metadata.js';
import { linear, type Row } from './tables.js';

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
 */
export function readDecoder(config: ModelConfig, entries: DecoderEntries, headDim?: number | null): Decoder {
  const { num_attention_heads: heads, hidden_size: embedding } = entries;
  const keyHeads = entries.num_key_value_heads ?? heads;
  expectNoExperts(config);
  if (entries.hidden_act !== undefined) expectOneOf('hidden_act', entries.hidden_act, SILU);
  if (headDim === undefined || headDim === null)
    expectMultiple('hidden_size', embedding, 'num_attention_heads', heads);
  expectMultiple('num_attention_heads', heads, 'num_key_value_heads', keyHeads);
  const head = headDim ?? embedding / heads;
  // Rotary positions turn pairs of dimensions.
  expectMultiple('head_dim', head, 'two', 2);
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

/** The embedding, the last norm and, unless it is optional, the output matrix. */
export function outerRows({ outputOptional }: Decoder): Row<DecoderSize>[] {
  return [
    { source: 'embed_tokens.weight', target: 'token_embd.weight', shape: ['vocabulary', 'embedding'] },
    { source: 'norm.weight', target: 'output_norm.weight', shape: ['embedding'] },
    {
      source: 'lm_head.weight',
      target: 'output.weight',
      shape: ['vocabulary', 'embedding'],
      optional: outputOptional,
    },
  ];
}

/** The norm before attention and that before the feed-forward part. */
export const NORM_ROWS: readonly Row<DecoderSize>[] = [
  { source: 'input_layernorm.weight', target: 'attn_norm.weight', shape: ['embedding'] },
  { source: 'post_attention_layernorm.weight', target: 'ffn_norm.weight', shape: ['embedding'] },
];

/** Which matrices of attention have a bias, and how queries' and keys' rows are ordered. Default none, as they are. */
export interface AttentionOptions {
  readonly bias?: boolean;
  readonly outputBias?: boolean;
  readonly rotary?: TensorTransform;
}

/** Queries, keys, values and output of attention as matrices of their own. */
export function attentionRows(options: AttentionOptions = {}): Row<DecoderSize>[] {
  const { bias = false, outputBias = false, rotary } = options;
  const turned = rotary === undefined ? { bias } : { bias, transform: rotary };
  return [
    ...linear<DecoderSize>('self_attn.q_proj', 'attn_q', ['queries', 'embedding'], turned),
    ...linear<DecoderSize>('self_attn.k_proj', 'attn_k', ['keys', 'embedding'], turned),
    ...linear<DecoderSize>('self_attn.v_proj', 'attn_v', ['keys', 'embedding'], { bias }),
    ...linear<DecoderSize>('self_attn.o_proj', 'attn_output', ['embedding', 'queries'], { bias: outputBias }),
  ];
}

/** The gated feed-forward part. */
export function gatedRows(options: { readonly bias?: boolean } = {}): Row<DecoderSize>[] {
  return [
    ...linear<DecoderSize>('mlp.gate_proj', 'ffn_gate', ['inner', 'embedding'], options),
    ...linear<DecoderSize>('mlp.up_proj', 'ffn_up', ['inner', 'embedding'], options),
    ...linear<DecoderSize>('mlp.down_proj', 'ffn_down', ['embedding', 'inner'], options),
  ];
}

type Entry = readonly [key: string, value: GgufValue];

/** The family's metadata in the order of `TextModel.set_gguf_parameters` of llama.cpp's converter. */
export function decoderMetadata(architecture: string, decoder: Decoder, rope: RopeConfig): Entry[] {
  const entries: readonly Entry[] = [
    ['block_count', uint32(decoder.layers)],
    ['context_length', uint32(decoder.context)],
    ['embedding_length', uint32(decoder.sizes.embedding)],
    ['feed_forward_length', uint32(decoder.sizes.inner)],
    ['attention.head_count', uint32(decoder.heads)],
    ['attention.head_count_kv', uint32(decoder.keyHeads)],
  ];
  return [
    ...prefixed(architecture, entries),
    ...ropeMetadata(architecture, rope),
    [`${architecture}.attention.layer_norm_rms_epsilon`, float32(decoder.epsilon)],
  ];
}

/** Where heads are not implied: their size, as llama.cpp's converter writes it for a config.json with `head_dim`. */
export function headMetadata(architecture: string, { headDim }: Decoder): Entry[] {
  return prefixed(architecture, [
    ['attention.key_length', uint32(headDim)],
    ['attention.value_length', uint32(headDim)],
  ]);
}

/** Puts the architecture's name before keys. */
export function prefixed(architecture: string, entries: readonly Entry[]): Entry[] {
  return entries.map(([key, value]) => [`${architecture}.${key}`, value]);
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
