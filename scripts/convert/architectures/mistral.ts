import { z } from 'zod';

import { checkJson } from '../json-file.js';
import type { Architecture, ModelConfig, ModelDescription } from './architecture.js';
import { size } from './config-checks.js';
import {
  decoderEntries,
  readDecoder,
  ROTARY_BUFFERS,
  siluEntry,
  slidingWindowWarnings,
} from './decoder/config.js';
import { describeLlama } from './llama.js';

/** transformers' MistralConfig. */
const schema = z.object({
  ...decoderEntries({
    vocab_size: 32_000,
    hidden_size: 4096,
    intermediate_size: 14_336,
    num_hidden_layers: 32,
    num_attention_heads: 32,
    num_key_value_heads: 8,
    max_position_embeddings: 131_072,
    rms_norm_eps: 1e-6,
    tie_word_embeddings: false,
  }),
  ...siluEntry,
  head_dim: size.nullish(),
  sliding_window: size.nullable().default(4096),
});

/** Mistral: LLaMA's graph, without its biases. */
export const mistral: Architecture = {
  name: 'llama',
  huggingFaceNames: ['MistralForCausalLM', 'MistralModel'],
  modelType: 'mistral',
  prefix: 'model.',
  ignored: ROTARY_BUFFERS,
  describe,
};

function describe(raw: ModelConfig): ModelDescription {
  const config = checkJson('config.json', raw, schema);
  const decoder = readDecoder(raw, config, config.head_dim);
  const model = describeLlama(raw, decoder, {
    attentionBias: false,
    mlpBias: false,
    // MistralConfig, unlike LlamaConfig, does not fill it in.
    writesHeads: config.head_dim !== undefined && config.head_dim !== null,
  });
  const warnings = [...(model.warnings ?? []), ...slidingWindowWarnings(config.sliding_window, decoder)];
  return { ...model, warnings };
}
