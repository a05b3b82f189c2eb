import { z } from 'zod';

import { checkJson } from '../json-file.js';
import type { Architecture, ModelConfig, ModelDescription } from './architecture.js';
import { expectOneOf, size } from './config-checks.js';
import { type DecoderSize, readDecoder, ROTARY_BUFFERS } from './decoder/config.js';
import { describeQwen, qwenEntries } from './qwen2.js';
import type { Row } from './tables.js';

/** transformers' Qwen3Config. */
const schema = z.object({
  ...qwenEntries,
  head_dim: size.default(128),
  attention_bias: z.boolean().default(false),
});

/** Norms of every head's queries and keys. */
const HEAD_NORM_ROWS: readonly Row<DecoderSize>[] = [
  { source: 'self_attn.q_norm.weight', target: 'attn_q_norm.weight', shape: ['head'] },
  { source: 'self_attn.k_norm.weight', target: 'attn_k_norm.weight', shape: ['head'] },
];

/** Qwen3, the dense models. */
export const qwen3: Architecture = {
  name: 'qwen3',
  huggingFaceNames: ['Qwen3ForCausalLM', 'Qwen3Model'],
  modelType: 'qwen3',
  prefix: 'model.',
  ignored: ROTARY_BUFFERS,
  describe,
};

function describe(raw: ModelConfig): ModelDescription {
  const config = checkJson('config.json', raw, schema);
  // llama.cpp's graph has no bias behind attention's output.
  expectOneOf('attention_bias', config.attention_bias, [false]);
  const decoder = readDecoder(raw, config, config.head_dim, ['use_qk_norm', 'qk_norm', 'qk_layernorm']);
  return describeQwen(raw, config, decoder, {
    name: 'qwen3',
    attention: {},
    rows: HEAD_NORM_ROWS,
    writesHeads: true,
  });
}
