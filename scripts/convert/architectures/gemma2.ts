import { z } from 'zod';

import { float32, type GgufValue, uint32 } from '../gguf/values.js';
import { checkJson } from '../json-file.js';
import type { TensorTransform } from '../tensors/transform.js';
import type { Architecture, ModelConfig, ModelDescription } from './architecture.js';
import { expectOneOf, size, TANH_GELU, unexpected } from './config-checks.js';
import {
  type Decoder,
  decoderEntries,
  type DecoderSize,
  expectWholeHeads,
  readDecoder,
} from './decoder/config.js';
import { headMetadata, prefixed } from './decoder/metadata.js';
import { attentionRows, gatedRows, outerRows } from './decoder/rows.js';
import { readRope, type RopeConfig } from './rope/config.js';
import { DEFAULT_THETA } from './rope/metadata.js';
import { type Row, tensorRules } from './tables.js';

/** transformers' Gemma2Config. */
const schema = z.object({
  ...decoderEntries({
    vocab_size: 256_000,
    hidden_size: 2304,
    intermediate_size: 9216,
    num_hidden_layers: 26,
    num_attention_heads: 8,
    num_key_value_heads: 4,
    max_position_embeddings: 8192,
    rms_norm_eps: 1e-6,
    tie_word_embeddings: true,
  }),
  head_dim: size.default(256),
  hidden_activation: z.string().nullish(),
  query_pre_attn_scalar: z.number().positive().default(256),
  sliding_window: size.default(4096),
  layer_types: z.array(z.string()).nullish(),
  final_logit_softcapping: z.number().positive().default(30),
  attn_logit_softcapping: z.number().positive().default(50),
  attention_bias: z.boolean().default(false),
  use_bidirectional_attention: z.boolean().nullish(),
});

type Gemma2Config = z.output<typeof schema>;

/** Gemma's norms multiply with 1 + weight, llama.cpp's with the weight. */
const PLUS_ONE: TensorTransform = { kind: 'add', value: 1 };

const NORM_ROWS: readonly Row<DecoderSize>[] = (
  [
    ['input_layernorm', 'attn_norm'],
    ['post_attention_layernorm', 'post_attention_norm'],
    ['pre_feedforward_layernorm', 'ffn_norm'],
    ['post_feedforward_layernorm', 'post_ffw_norm'],
  ] as const
).map(([source, target]) => ({
  source: `${source}.weight`,
  target: `${target}.weight`,
  shape: ['embedding'],
  transform: PLUS_ONE,
}));

/** Gemma 2. */
export const gemma2: Architecture = {
  name: 'gemma2',
  huggingFaceNames: ['Gemma2ForCausalLM', 'Gemma2Model'],
  modelType: 'gemma2',
  prefix: 'model.',
  // A copy of the embedding, which llama.cpp takes in its place.
  ignored: /((^|\.)rotary_emb\.inv_freq|^lm_head\.weight)$/,
  describe,
};

function describe(raw: ModelConfig): ModelDescription {
  const config = checkJson('config.json', raw, schema);
  const decoder = readDecoder(raw, config, config.head_dim, KNOWN);
  checkComputable(config, decoder);
  const rope = readRope(raw, { types: ['default'], maxPositions: decoder.context });
  expectWholeHeads(rope);
  const table = {
    model: outerRows(decoder).map((row) =>
      row.target === 'output_norm.weight' ? { ...row, transform: PLUS_ONE } : row,
    ),
    layer: [...NORM_ROWS, ...attentionRows(), ...gatedRows()],
    layers: 'layers',
  };
  return {
    vocabularySize: decoder.sizes.vocabulary,
    metadata: new Map(hyperparameters(decoder, rope)),
    metadataAfterFileType: new Map(
      prefixed('gemma2', [
        ['attn_logit_softcapping', float32(config.attn_logit_softcapping)],
        ['final_logit_softcapping', float32(config.final_logit_softcapping)],
        ['attention.sliding_window', uint32(config.sliding_window)],
      ]),
    ),
    tensors: tensorRules(table, decoder.sizes, decoder.layers),
  };
}

/** What sets Gemma 2 apart from its relatives; checked below, or handed on. */
const KNOWN = ['attn_logit_softcapping', 'final_logit_softcapping', 'use_bidirectional_attention'];

/** llama.cpp knows the 27B model, whose queries are scaled otherwise, by its number of layers. */
const LAYERS_OF_27B = 46;

/** Refuses what llama.cpp's Gemma-2 graph would silently compute otherwise. */
function checkComputable(config: Gemma2Config, { sizes, heads, headDim, layers }: Decoder): void {
  expectOneOf('hidden_activation', config.hidden_activation ?? 'gelu_pytorch_tanh', TANH_GELU);
  expectOneOf('attention_bias', config.attention_bias, [false]);
  expectOneOf('tie_word_embeddings', config.tie_word_embeddings, [true]);
  expectOneOf('use_bidirectional_attention', config.use_bidirectional_attention ?? false, [false]);
  const scalar = layers === LAYERS_OF_27B ? Math.floor(sizes.embedding / heads) : headDim;
  expectOneOf('query_pre_attn_scalar', config.query_pre_attn_scalar, [scalar]);
  const alternating = config.layer_types?.every(
    (type, layer) => type === (layer % 2 === 0 ? 'sliding_attention' : 'full_attention'),
  );
  if (alternating === false)
    throw unexpected('layer_types', 'sliding_attention and full_attention in turn', config.layer_types);
}

function hyperparameters(decoder: Decoder, rope: RopeConfig): (readonly [string, GgufValue])[] {
  const theta = rope.theta === DEFAULT_THETA ? [] : [['rope.freq_base', float32(rope.theta)] as const];
  return [
    ...prefixed('gemma2', [
      ['context_length', uint32(decoder.context)],
      ['embedding_length', uint32(decoder.sizes.embedding)],
      ['block_count', uint32(decoder.layers)],
      ['feed_forward_length', uint32(decoder.sizes.inner)],
      ['attention.head_count', uint32(decoder.heads)],
      ['attention.head_count_kv', uint32(decoder.keyHeads)],
      // llama.cpp's converter leaves the base out and so assumes 10,000.
      ...theta,
      ['attention.layer_norm_rms_epsilon', float32(decoder.epsilon)],
    ]),
    ...headMetadata('gemma2', decoder),
  ];
}
