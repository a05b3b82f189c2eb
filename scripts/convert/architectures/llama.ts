import { z } from 'zod';

import { uint32 } from '../gguf/values.js';
import { checkJson } from '../json-file.js';
import type { Architecture, ModelConfig, ModelDescription } from './architecture.js';
import { size } from './config-checks.js';
import {
  type Decoder,
  decoderEntries,
  expectWholeHeads,
  readDecoder,
  ROTARY_BUFFERS,
  siluEntry,
} from './decoder/config.js';
import { decoderMetadata, headMetadata, prefixed } from './decoder/metadata.js';
import { attentionRows, gatedRows, NORM_ROWS, outerRows } from './decoder/rows.js';
import { readRope } from './rope/config.js';
import { ropeTensors } from './rope/factors.js';
import { ropeWarnings } from './rope/metadata.js';
import { interleaveRotaryHalves } from './row-orders.js';
import { tensorRules } from './tables.js';

/** transformers' LlamaConfig. */
const schema = z.object({
  ...decoderEntries({
    vocab_size: 32_000,
    hidden_size: 4096,
    intermediate_size: 11_008,
    num_hidden_layers: 32,
    num_attention_heads: 32,
    num_key_value_heads: null,
    max_position_embeddings: 2048,
    rms_norm_eps: 1e-6,
    tie_word_embeddings: false,
  }),
  ...siluEntry,
  head_dim: size.nullish(),
  attention_bias: z.boolean().default(false),
  mlp_bias: z.boolean().default(false),
});

/** LLaMA 1, 2 and 3 and everything trained on their shape. */
export const llama: Architecture = {
  name: 'llama',
  huggingFaceNames: ['LlamaForCausalLM', 'LLaMAForCausalLM', 'LlamaModel'],
  modelType: 'llama',
  prefix: 'model.',
  ignored: ROTARY_BUFFERS,
  describe,
};

function describe(raw: ModelConfig): ModelDescription {
  const config = checkJson('config.json', raw, schema);
  const decoder = readDecoder(raw, config, config.head_dim);
  return describeLlama(raw, decoder, {
    attentionBias: config.attention_bias,
    mlpBias: config.mlp_bias,
    writesHeads: true,
  });
}

/** What differs between the models that llama.cpp computes with its LLaMA graph. */
export interface LlamaOptions {
  readonly attentionBias: boolean;
  readonly mlpBias: boolean;
  /** Whether llama.cpp's converter writes the size of a head. */
  readonly writesHeads: boolean;
}

/** The description of any model that llama.cpp computes with its LLaMA graph. */
export function describeLlama(raw: ModelConfig, decoder: Decoder, options: LlamaOptions): ModelDescription {
  const rope = readRope(raw, {
    types: ['default', 'linear', 'dynamic', 'yarn', 'longrope', 'llama3'],
    maxPositions: decoder.context,
  });
  expectWholeHeads(rope);
  const attention = { bias: options.attentionBias, outputBias: options.attentionBias };
  const table = {
    model: outerRows(decoder),
    layer: [
      ...NORM_ROWS,
      ...attentionRows({ ...attention, rotary: interleaveRotaryHalves(decoder.headDim) }),
      ...gatedRows({ bias: options.mlpBias }),
    ],
    layers: 'layers',
  };
  const heads = options.writesHeads ? headMetadata('llama', decoder) : [];
  return {
    vocabularySize: decoder.sizes.vocabulary,
    metadata: new Map([...decoderMetadata('llama', decoder, rope), ...heads]),
    metadataAfterFileType: new Map(
      prefixed('llama', [
        ['vocab_size', uint32(decoder.sizes.vocabulary)],
        ['rope.dimension_count', uint32(decoder.headDim)],
      ]),
    ),
    tensors: tensorRules(table, decoder.sizes, decoder.layers),
    generated: ropeTensors(rope, decoder.headDim),
    warnings: [...decoder.warnings, ...ropeWarnings(rope)],
  };
}
