import { float32, type GgufValue, uint32 } from '../../gguf/values.js';
import type { RopeConfig } from '../rope/config.js';
import { ropeMetadata } from '../rope/metadata.js';
import type { Decoder } from './config.js';

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
