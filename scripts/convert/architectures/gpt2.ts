import { z } from 'zod';

import { FormatError } from '../format-error.js';
import { float32, type GgufValue, uint32 } from '../gguf/values.js';
import { checkJson } from '../json-file.js';
import type { TensorTransform } from '../tensors/transform.js';
import type { Architecture, ModelConfig, ModelDescription, TensorRule } from './architecture.js';

const size = z.int().min(1).max(0x7fffffff);

/** transformers' GPT2Config: names, aliases and defaults. */
const schema = z.object({
  vocab_size: size.default(50_257),
  n_positions: size.default(1024),
  n_embd: size.default(768),
  n_layer: size.max(1024).default(12),
  n_head: size.default(12),
  n_inner: size.nullish(),
  layer_norm_epsilon: z.number().positive().default(1e-5),
  activation_function: z.string().default('gelu_new'),
  scale_attn_weights: z.boolean().default(true),
  scale_attn_by_inverse_layer_idx: z.boolean().default(false),
  add_cross_attention: z.boolean().default(false),
});

type Gpt2Config = z.output<typeof schema>;

const ALIASES = {
  max_position_embeddings: 'n_positions',
  hidden_size: 'n_embd',
  num_hidden_layers: 'n_layer',
  num_attention_heads: 'n_head',
} as const;

/** transformers' names of the tanh approximation, the one that llama.cpp computes for GPT-2. */
const TANH_GELU = ['gelu_new', 'gelu_fast', 'gelu_pytorch_tanh'];

/** Sizes of one layer's matrices, by what the tables below call them. */
type Sizes = Readonly<Record<'vocabulary' | 'positions' | 'embedding' | 'inner' | 'qkv', number>>;
type SizeName = keyof Sizes;

interface Row {
  readonly source: string;
  readonly target: string;
  readonly shape: readonly SizeName[];
  readonly transform?: TensorTransform;
  readonly optional?: boolean;
}

/** Conv1D keeps [in, out]. */
const TRANSPOSE: TensorTransform = { kind: 'transpose' };

const MODEL_TENSORS: readonly Row[] = [
  { source: 'wte.weight', target: 'token_embd.weight', shape: ['vocabulary', 'embedding'] },
  { source: 'wpe.weight', target: 'position_embd.weight', shape: ['positions', 'embedding'] },
  { source: 'ln_f.weight', target: 'output_norm.weight', shape: ['embedding'] },
  { source: 'ln_f.bias', target: 'output_norm.bias', shape: ['embedding'] },
  // Absent where the output matrix is the embedding (tie_word_embeddings).
  { source: 'lm_head.weight', target: 'output.weight', shape: ['vocabulary', 'embedding'], optional: true },
];

const LAYER_TENSORS: readonly Row[] = [
  { source: 'ln_1.weight', target: 'attn_norm.weight', shape: ['embedding'] },
  { source: 'ln_1.bias', target: 'attn_norm.bias', shape: ['embedding'] },
  {
    source: 'attn.c_attn.weight',
    target: 'attn_qkv.weight',
    shape: ['embedding', 'qkv'],
    transform: TRANSPOSE,
  },
  { source: 'attn.c_attn.bias', target: 'attn_qkv.bias', shape: ['qkv'] },
  {
    source: 'attn.c_proj.weight',
    target: 'attn_output.weight',
    shape: ['embedding', 'embedding'],
    transform: TRANSPOSE,
  },
  { source: 'attn.c_proj.bias', target: 'attn_output.bias', shape: ['embedding'] },
  { source: 'ln_2.weight', target: 'ffn_norm.weight', shape: ['embedding'] },
  { source: 'ln_2.bias', target: 'ffn_norm.bias', shape: ['embedding'] },
  { source: 'mlp.c_fc.weight', target: 'ffn_up.weight', shape: ['embedding', 'inner'], transform: TRANSPOSE },
  { source: 'mlp.c_fc.bias', target: 'ffn_up.bias', shape: ['inner'] },
  {
    source: 'mlp.c_proj.weight',
    target: 'ffn_down.weight',
    shape: ['inner', 'embedding'],
    transform: TRANSPOSE,
  },
  { source: 'mlp.c_proj.bias', target: 'ffn_down.bias', shape: ['embedding'] },
];

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
  const sizes: Sizes = {
    vocabulary: config.vocab_size,
    positions: config.n_positions,
    embedding: config.n_embd,
    inner: config.n_inner ?? 4 * config.n_embd,
    qkv: 3 * config.n_embd,
  };
  return {
    vocabularySize: config.vocab_size,
    metadata: hyperparameters(config, sizes),
    tensors: tensorRules(config.n_layer, sizes),
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
  const refuse = (name: string, expected: string, received: string | number | boolean): never => {
    throw new FormatError('config.json', `expected ${expected} for ${name}, received ${received}`);
  };
  if (!TANH_GELU.includes(config.activation_function)) {
    refuse('activation_function', TANH_GELU.join(' or '), config.activation_function);
  }
  if (!config.scale_attn_weights) refuse('scale_attn_weights', 'true', false);
  if (config.scale_attn_by_inverse_layer_idx) refuse('scale_attn_by_inverse_layer_idx', 'false', true);
  if (config.add_cross_attention) refuse('add_cross_attention', 'false', true);
  if (config.n_embd % config.n_head !== 0)
    refuse('n_embd', `a multiple of n_head (${config.n_head})`, config.n_embd);
}

function hyperparameters(config: Gpt2Config, sizes: Sizes): Map<string, GgufValue> {
  return new Map<string, GgufValue>([
    ['gpt2.block_count', uint32(config.n_layer)],
    ['gpt2.context_length', uint32(sizes.positions)],
    ['gpt2.embedding_length', uint32(sizes.embedding)],
    ['gpt2.feed_forward_length', uint32(sizes.inner)],
    ['gpt2.attention.head_count', uint32(config.n_head)],
    ['gpt2.attention.layer_norm_epsilon', float32(config.layer_norm_epsilon)],
  ]);
}

function tensorRules(layers: number, sizes: Sizes): TensorRule[] {
  const rule = (row: Row, sourcePrefix: string, targetPrefix: string): TensorRule => ({
    ...row,
    source: sourcePrefix + row.source,
    target: targetPrefix + row.target,
    shape: row.shape.map((name) => sizes[name]),
  });
  const perLayer = Array.from({ length: layers }, (_, layer) =>
    LAYER_TENSORS.map((row) => rule(row, `h.${layer}.`, `blk.${layer}.`)),
  );
  return [...MODEL_TENSORS.map((row) => rule(row, '', '')), ...perLayer.flat()];
}
