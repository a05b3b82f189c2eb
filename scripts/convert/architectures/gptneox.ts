import { z } from 'zod';

import { bool, float32, type GgufValue, uint32 } from '../gguf/values.js';
import { checkJson } from '../json-file.js';
import type { Architecture, ModelConfig, ModelDescription } from './architecture.js';
import { expectEven, expectMultiple, expectOneOf, layerCount, size, TANH_GELU } from './config-checks.js';
import { prefixed } from './decoder/metadata.js';
import { readRope, type RopeConfig } from './rope/config.js';
import { DEFAULT_THETA, ropeMetadata, ropeWarnings } from './rope/metadata.js';
import { gatherQueriesKeysValues } from './row-orders.js';
import { layerNorm, linear, type TensorTable, tensorRules } from './tables.js';

/** transformers' GPTNeoXConfig. */
const schema = z.object({
  vocab_size: size.default(50_432),
  hidden_size: size.default(6144),
  num_hidden_layers: layerCount.default(44),
  num_attention_heads: size.default(64),
  intermediate_size: size.default(24_576),
  hidden_act: z.string().default('gelu'),
  max_position_embeddings: size.default(2048),
  layer_norm_eps: z.number().positive().default(1e-5),
  use_parallel_residual: z.boolean().default(true),
  attention_bias: z.boolean().default(true),
  tie_word_embeddings: z.boolean().default(false),
});

type GptNeoxConfig = z.output<typeof schema>;
type Size = 'vocabulary' | 'embedding' | 'inner' | 'qkv';

function table(heads: number, headDim: number): TensorTable<Size> {
  const biased = { bias: true };
  return {
    model: [
      ...linear<Size>('embed_in', 'token_embd', ['vocabulary', 'embedding']),
      ...layerNorm<Size>('final_layer_norm', 'output_norm', 'embedding'),
      ...linear<Size>('embed_out', 'output', ['vocabulary', 'embedding']),
    ],
    layer: [
      ...layerNorm<Size>('input_layernorm', 'attn_norm', 'embedding'),
      ...layerNorm<Size>('post_attention_layernorm', 'ffn_norm', 'embedding'),
      ...linear<Size>('attention.query_key_value', 'attn_qkv', ['qkv', 'embedding'], {
        bias: true,
        transform: gatherQueriesKeysValues(heads, headDim),
      }),
      ...linear<Size>('attention.dense', 'attn_output', ['embedding', 'embedding'], biased),
      ...linear<Size>('mlp.dense_h_to_4h', 'ffn_up', ['inner', 'embedding'], biased),
      ...linear<Size>('mlp.dense_4h_to_h', 'ffn_down', ['embedding', 'inner'], biased),
    ],
    layers: 'layers',
  };
}

/** EleutherAI's GPT-NeoX, Pythia and everything trained on their shape. */
export const gptneox: Architecture = {
  name: 'gptneox',
  huggingFaceNames: ['GPTNeoXForCausalLM'],
  modelType: 'gpt_neox',
  prefix: 'gpt_neox.',
  // The causal mask and the rotary frequencies, buffers that older checkpoints saved along with the weights.
  ignored: /\.(attention\.(masked_)?bias|rotary_emb\.inv_freq)$/,
  describe,
};

function describe(raw: ModelConfig): ModelDescription {
  const config = checkJson('config.json', raw, schema);
  const { hidden_size: embedding, num_attention_heads: heads } = config;
  // llama.cpp computes the tanh approximation of what transformers calls gelu.
  expectOneOf('hidden_act', config.hidden_act, ['gelu', ...TANH_GELU]);
  expectOneOf('attention_bias', config.attention_bias, [true]);
  // Its graph has no place for the embedding in the output matrix's stead.
  expectOneOf('tie_word_embeddings', config.tie_word_embeddings, [false]);
  expectMultiple('hidden_size', embedding, 'num_attention_heads', heads);
  const rope = readRope(raw, {
    types: ['default', 'linear', 'dynamic', 'yarn'],
    maxPositions: config.max_position_embeddings,
    thetaEntry: 'rotary_emb_base',
    partialEntry: 'rotary_pct',
    partialDefault: 0.25,
  });
  const sizes = {
    vocabulary: config.vocab_size,
    embedding,
    inner: config.intermediate_size,
    qkv: 3 * embedding,
  };
  return {
    vocabularySize: config.vocab_size,
    metadata: new Map(hyperparameters(config, rope)),
    tensors: tensorRules(table(heads, embedding / heads), sizes, config.num_hidden_layers),
    warnings: ropeWarnings(rope),
  };
}

function hyperparameters(config: GptNeoxConfig, rope: RopeConfig): (readonly [string, GgufValue])[] {
  const rotated = Math.floor(rope.partial * (config.hidden_size / config.num_attention_heads));
  expectEven('rotated dimensions of a head', rotated);
  // llama.cpp's converter leaves all but the rotated share out and so assumes base 10,000 and no scaling.
  const assumed = rope.theta === DEFAULT_THETA && rope.scaling.type === 'default';
  return [
    ...prefixed('gptneox', [
      ['context_length', uint32(config.max_position_embeddings)],
      ['embedding_length', uint32(config.hidden_size)],
      ['block_count', uint32(config.num_hidden_layers)],
      ['feed_forward_length', uint32(config.intermediate_size)],
      ['rope.dimension_count', uint32(rotated)],
      ['attention.head_count', uint32(config.num_attention_heads)],
    ]),
    ...(assumed ? [] : ropeMetadata('gptneox', rope)),
    ...prefixed('gptneox', [
      ['use_parallel_residual', bool(config.use_parallel_residual)],
      ['attention.layer_norm_epsilon', float32(config.layer_norm_eps)],
    ]),
  ];
}
