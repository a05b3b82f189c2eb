import { z } from 'zod';

import { checkJson } from '../json-file.js';
import type { Architecture, ModelConfig, ModelDescription } from './architecture.js';
import { size } from './config-checks.js';
import {
  type Decoder,
  decoderEntries,
  type DecoderSize,
  expectPlainHeads,
  expectWholeHeads,
  readDecoder,
  ROTARY_BUFFERS,
  siluEntry,
  slidingWindowWarnings,
} from './decoder/config.js';
import { decoderMetadata, headMetadata } from './decoder/metadata.js';
import { attentionRows, type AttentionOptions, gatedRows, NORM_ROWS, outerRows } from './decoder/rows.js';
import { readRope } from './rope/config.js';
import { ropeWarnings } from './rope/metadata.js';
import { type Row, tensorRules } from './tables.js';

/** What transformers' Qwen2Config and Qwen3Config share. */
export const qwenEntries = {
  ...decoderEntries({
    vocab_size: 151_936,
    hidden_size: 4096,
    intermediate_size: 22_016,
    num_hidden_layers: 32,
    num_attention_heads: 32,
    num_key_value_heads: 32,
    max_position_embeddings: 32_768,
    rms_norm_eps: 1e-6,
    tie_word_embeddings: false,
  }),
  ...siluEntry,
  use_sliding_window: z.boolean().default(false),
  sliding_window: size.nullable().default(4096),
  max_window_layers: z.int().min(0).default(28),
  layer_types: z.array(z.string()).nullish(),
};

const schema = z.object({ ...qwenEntries, head_dim: size.nullish() });

/** Qwen2 and Qwen2.5. */
export const qwen2: Architecture = {
  name: 'qwen2',
  huggingFaceNames: ['Qwen2ForCausalLM', 'Qwen2Model'],
  modelType: 'qwen2',
  prefix: 'model.',
  ignored: ROTARY_BUFFERS,
  describe,
};

function describe(raw: ModelConfig): ModelDescription {
  const config = checkJson('config.json', raw, schema);
  const decoder = readDecoder(raw, config, config.head_dim);
  expectPlainHeads(decoder);
  return describeQwen(raw, config, decoder, {
    name: 'qwen2',
    attention: { bias: true },
    // Qwen2Config has no head_dim; where config.json does, llama.cpp's converter hands it on.
    writesHeads: config.head_dim !== undefined && config.head_dim !== null,
  });
}

type QwenConfig = z.output<z.ZodObject<typeof qwenEntries>>;

/** What differs between the generations. */
interface Generation {
  readonly name: string;
  readonly attention: AttentionOptions;
  readonly rows?: readonly Row<DecoderSize>[];
  readonly writesHeads: boolean;
}

/** The description of either generation. */
export function describeQwen(
  raw: ModelConfig,
  config: QwenConfig,
  decoder: Decoder,
  { name, attention, rows = [], writesHeads }: Generation,
): ModelDescription {
  const rope = readRope(raw, {
    types: ['default', 'linear', 'dynamic', 'yarn'],
    maxPositions: decoder.context,
  });
  expectWholeHeads(rope);
  const table = {
    model: outerRows(decoder),
    layer: [...NORM_ROWS, ...attentionRows(attention), ...rows, ...gatedRows()],
    layers: 'layers',
  };
  const heads = writesHeads ? headMetadata(name, decoder) : [];
  return {
    vocabularySize: decoder.sizes.vocabulary,
    metadata: new Map([...decoderMetadata(name, decoder, rope), ...heads]),
    tensors: tensorRules(table, decoder.sizes, decoder.layers),
    warnings: [
      ...decoder.warnings,
      ...ropeWarnings(rope),
      ...slidingWindowWarnings(usedWindow(config), decoder),
    ],
  };
}

/** The window if any layer has one. */
function usedWindow(config: QwenConfig): number | null {
  if (!config.use_sliding_window) return null;
  const windowed =
    config.layer_types?.includes('sliding_attention') ?? config.max_window_layers < config.num_hidden_layers;
  return windowed ? config.sliding_window : null;
}
