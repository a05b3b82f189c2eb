import type { EngineOptions } from './engine.js';

/** Element types that keys and values can have. */
export const KV_TYPES = ['f16', 'f32', 'q8_0'] as const;
/** Element type of keys and values in the KV cache; llama.cpp's names. */
export type KvType = (typeof KV_TYPES)[number];

/** Beams of all searches that a KV cache holds at a time; native/engine/llama_source.h. */
export const BEAM_SLOTS = 64;
/** Sequences that one KV cache of llama.cpp tells apart (LLAMA_MAX_SEQ). */
const MOST_SLOTS = 256;
/** What `parallelSequences` can be at most: in the unified layout beams are sequences of the same cache. */
export const MOST_SEQUENCES = { split: MOST_SLOTS, unified: MOST_SLOTS - BEAM_SLOTS } as const;

/**
 * What is wrong with options of the KV cache that do not go together.
 *
 * @returns the fault, beginning with the option's name; undefined if there is none
 */
export function cacheFault(
  options: Pick<EngineOptions, 'kvLayout' | 'kvCells' | 'beamCells' | 'parallelSequences' | 'reproducible'>,
): string | undefined {
  const { kvLayout, parallelSequences } = options;
  // What no layout allows, the configuration's schema has refused.
  if (kvLayout === 'unified' && parallelSequences > MOST_SEQUENCES.unified) {
    return `parallelSequences: expected at most ${MOST_SEQUENCES.unified} with kvLayout unified, which holds ${BEAM_SLOTS} beams beside them, received ${parallelSequences}`;
  }
  if (options.reproducible && kvLayout === 'unified') {
    return 'reproducible needs kvLayout split, received unified';
  }
  if (options.kvCells !== 0 && kvLayout === 'split') return 'kvCells needs kvLayout unified, received split';
  if (options.beamCells !== 0 && kvLayout === 'unified') {
    return 'beamCells needs kvLayout split, received unified: beams draw on kvCells there';
  }
  return undefined;
}
