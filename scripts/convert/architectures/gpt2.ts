import { z } from 'zod';

import { float32, type GgufValue, uint32 } from '../gguf/values.js';
import { checkJson } from '../json-file.js';
import type { Architecture, ModelConfig, ModelDescription } from './architecture.js';
import { expectMultiple, expectOneOf, layerCount, size, TANH_GELU } from './config-checks.js';
import { layerNorm, type Row, type TensorTable, tensorRules } from './tables.js';

/** transformers' GPT2Config: names, aliases and defaults. */
const schema = z.object({
  vocab_size: size.default(50_257),
  n_positions: size.default(1024),
  n_embd: size.default(768),
  n_layer: layerCount.default(12),
  n_head: size.default(12),
  n_inner: size.nullish(),
  layer_norm_epsilon: z.number().positive().default(1e-5),
  activation_function: z.string().default('gelu_new'),
  scale_attn_weights: z.boolean().default(true),
  scale_attn_by_inverse_layer_idx: z.boolean().default(false),
  add_cross_attention: z.boolean().default(false),
  tie_word_embeddings: z.boolean().default(true),
});

type Gpt2Config = z.output<typeof schema>;

const ALIASES = {
  max_position_embeddings: 'n_positions',
  hidden_size: 'n_embd',
  num_hidden_layers: 'n_layer',
  num_attention_heads: 'n_head',
} as const;

type Size = 'vocabulary' | 'positions' | 'embedding' | 'inner' | 'qkv';

/** A Conv1D's weight, kept as [in, out], and its bias. */
function conv1d(source: string, target: string, input: Size, output: Size): Row<Size>[] {
  return [
    {
      source: `${source}.weight`,
      target: `${target}.weight`,
      shape: [input, output],
      transform: { kind: 'transpose' },
    },
    { source: `${source}.bias`, target: `${target}.bias`, shape: [output] },
  ];
}

const table = (tied: boolean): TensorTable<Size> => ({
  model: [
    { source: 'wte.weight', target: 'token_embd.weight', shape: ['vocabulary', 'embedding'] },
    { source: 'wpe.weight', target: 'position_embd.weight', shape: ['positions', 'embedding'] },
    ...layerNorm<Size>('ln_f', 'output_norm', 'embedding'),
    // Absent where the output matrix is the embedding.
    { source: 'lm_head.weight', target: 'output.weight', shape: ['vocabulary', 'embedding'], optional: tied },
  ],
  layer: [
    ...layerNorm<Size>('ln_1', 'attn_norm', 'embedding'),
    ...conv1d('attn.c_attn', 'attn_qkv', 'embedding', 'qkv'),
    ...conv1d('attn.c_proj', 'attn_output', 'embedding', 'embedding'),
    ...layerNorm<Size>('ln_2', 'ffn_norm', 'embedding'),
    ...conv1d('mlp.c_fc', 'ffn_up', 'embedding', 'inner'),
    ...conv1d('mlp.c_proj', 'ffn_down', 'inner', 'embedding'),
  ],
  layers: 'h',
});

/** OpenAI's GPT-2 and everything trained on its shape. */
export const gpt2: Architecture = {
  name: 'gpt2',
  huggingFaceNames: ['GPT2LMHeadModel'],
  modelType: 'gpt2',
  prefix: 'transformer.',
  // The causal mask, a buffer that older checkpoints saved along with the weights.
  ignored: /\.attn\.(masked_)?bias$/,
  describe,
};

function describe(raw: ModelConfig): ModelDescription {
  const config = checkJson('config.json', resolveAliases(raw), schema);
  checkComputable(config);
  const sizes: Readonly<Record<Size, number>> = {
    vocabulary: config.vocab_size,
    positions: config.n_positions,
    embedding: config.n_embd,
    inner: config.n_inner ?? 4 * config.n_embd,
    qkv: 3 * config.n_embd,
  };
  return {
    vocabularySize: config.vocab_size,
    metadata: hyperparameters(config, sizes),
    tensors: tensorRules(table(config.tie_word_embeddings), sizes, config.n_layer),
  };
}

function resolveAliases(raw: ModelConfig): ModelConfig {
  const resolved: Record<string, unknown> = { ...raw };
  for (const [alias, name] of Object.entries(ALIASES)) {
    if (raw[alias] !== undefined) resolved[name] ??= raw[alias];
  }
  return resolved;
}

/** Refuses what llama.cpp's GPT-2 graph would silently compute otherwise. */
function checkComputable(config: Gpt2Config): void {
  expectOneOf('activation_function', config.activation_function, TANH_GELU);
  expectOneOf('scale_attn_weights', config.scale_attn_weights, [true]);
  expectOneOf('scale_attn_by_inverse_layer_idx', config.scale_attn_by_inverse_layer_idx, [false]);
  expectOneOf('add_cross_attention', config.add_cross_attention, [false]);
  expectMultiple('n_embd', config.n_embd, 'n_head', config.n_head);
}

function hyperparameters(config: Gpt2Config, sizes: Readonly<Record<Size, number>>): Map<string, GgufValue> {
  return new Map<string, GgufValue>([
    ['gpt2.block_count', uint32(config.n_layer)],
    ['gpt2.context_length', uint32(sizes.positions)],
    ['gpt2.embedding_length', uint32(sizes.embedding)],
    ['gpt2.feed_forward_length', uint32(sizes.inner)],
    ['gpt2.attention.head_count', uint32(config.n_head)],
    ['gpt2.attention.layer_norm_epsilon', float32(config.layer_norm_epsilon)],
  ]);
}
