import { z } from 'zod';

import { float32, type GgufValue, uint32 } from '../gguf/values.js';
import { checkJson } from '../json-file.js';
import type { Architecture, ModelConfig, ModelDescription } from './architecture.js';
import { expectEven, expectOneOf, size } from './config-checks.js';
import {
  type Decoder,
  decoderEntries,
  type DecoderSize,
  expectPlainHeads,
  readDecoder,
  ROTARY_BUFFERS,
  siluEntry,
  slidingWindowWarnings,
} from './decoder/config.js';
import { prefixed } from './decoder/metadata.js';
import { NORM_ROWS, outerRows } from './decoder/rows.js';
import { longropeAttentionFactor } from './rope/attention-factor.js';
import { readRope, type RopeConfig } from './rope/config.js';
import { ropeTensors } from './rope/factors.js';
import { linear, type TensorTable, tensorRules } from './tables.js';

const DEFAULT_POSITIONS = 4096;

/** transformers' Phi3Config. */
const schema = z.object({
  ...decoderEntries({
    vocab_size: 32_064,
    hidden_size: 3072,
    intermediate_size: 8192,
    num_hidden_layers: 32,
    num_attention_heads: 32,
    num_key_value_heads: null,
    max_position_embeddings: DEFAULT_POSITIONS,
    rms_norm_eps: 1e-5,
    tie_word_embeddings: false,
  }),
  ...siluEntry,
  head_dim: size.nullish(),
  sliding_window: size.nullish(),
  attention_bias: z.boolean().default(false),
  mlp_bias: z.boolean().default(false),
});

/** Phi-3, Phi-3.5, Phi-4 and Phi-4-mini: queries, keys and values in one matrix, gate and up in another. */
export const phi3: Architecture = {
  name: 'phi3',
  huggingFaceNames: ['Phi3ForCausalLM'],
  modelType: 'phi3',
  prefix: 'model.',
  ignored: ROTARY_BUFFERS,
  describe,
};

function describe(raw: ModelConfig): ModelDescription {
  const config = checkJson('config.json', raw, schema);
  const decoder = readDecoder(raw, config, config.head_dim);
  expectPlainHeads(decoder);
  expectOneOf('attention_bias', config.attention_bias, [false]);
  expectOneOf('mlp_bias', config.mlp_bias, [false]);
  const rope = readRope(raw, {
    types: ['default', 'longrope'],
    // The first checkpoints' names for it.
    aliases: { yarn: 'longrope' },
    maxPositions: decoder.context,
    originalContext: DEFAULT_POSITIONS,
  });
  const rotated = Math.floor(Math.floor(rope.partial * decoder.sizes.embedding) / decoder.heads);
  expectEven('rotated dimensions of a head', rotated);
  return {
    vocabularySize: decoder.sizes.vocabulary,
    metadataFirst: new Map(attentionFactor(rope)),
    metadata: new Map(hyperparameters(decoder, rope, rotated)),
    // 0 tells Phi-4 from its elders.
    metadataAfterFileType: new Map(
      prefixed('phi3', [['attention.sliding_window', uint32(config.sliding_window ?? 0)]]),
    ),
    tensors: tensorRules(table(decoder), fusedSizes(decoder), decoder.layers),
    generated: ropeTensors(rope, rotated),
    warnings: [...decoder.warnings, ...slidingWindowWarnings(config.sliding_window, decoder)],
  };
}

type Size = DecoderSize | 'qkv' | 'gateUp';

function fusedSizes({ sizes }: Decoder): Readonly<Record<Size, number>> {
  return { ...sizes, qkv: sizes.queries + 2 * sizes.keys, gateUp: 2 * sizes.inner };
}

function table(decoder: Decoder): TensorTable<Size> {
  return {
    model: outerRows(decoder),
    layer: [
      ...NORM_ROWS,
      ...linear<Size>('self_attn.qkv_proj', 'attn_qkv', ['qkv', 'embedding']),
      ...linear<Size>('self_attn.o_proj', 'attn_output', ['embedding', 'queries']),
      ...linear<Size>('mlp.gate_up_proj', 'ffn_up', ['gateUp', 'embedding']),
      ...linear<Size>('mlp.down_proj', 'ffn_down', ['embedding', 'inner']),
    ],
    layers: 'layers',
  };
}

function attentionFactor(rope: RopeConfig): [string, GgufValue][] {
  if (rope.scaling.type !== 'longrope') return [];
  return [['phi3.rope.scaling.attn_factor', float32(longropeAttentionFactor(rope, rope.scaling))]];
}

function hyperparameters(decoder: Decoder, rope: RopeConfig, rotated: number) {
  return prefixed('phi3', [
    ['context_length', uint32(decoder.context)],
    ['rope.scaling.original_context_length', uint32(rope.originalContext)],
    ['embedding_length', uint32(decoder.sizes.embedding)],
    ['feed_forward_length', uint32(decoder.sizes.inner)],
    ['block_count', uint32(decoder.layers)],
    ['attention.head_count', uint32(decoder.heads)],
    ['attention.head_count_kv', uint32(decoder.keyHeads)],
    ['attention.layer_norm_rms_epsilon', float32(decoder.epsilon)],
    ['rope.dimension_count', uint32(rotated)],
    ['rope.freq_base', float32(rope.theta)],
  ]);
}
