import type { KvType } from './cache-options.js';

/** Sequences at a time when memory allows: enough for small models to gain all that batching gives. */
export const MOST_PARALLEL_SEQUENCES = 16;
/** Share of the available memory that the KV cache may take when sizes are chosen automatically. */
const MEMORY_SHARE = 0.5;
/** Contexts chosen automatically are multiples of this. */
const CONTEXT_STEP = 256;

/** Cells that beams share, in contexts, when memory allows: several searches, or a long one whose beams part early. */
const BEAM_CONTEXTS = 4;
/** The beams' pool holds this much even for a short context, so that a search with many beams fits. */
const LEAST_BEAM_CELLS = 2048;
/** Share of the cache's memory that the beams' pool may take beyond one context. */
const BEAM_SHARE = 0.25;
/** Bytes of one element of keys or values; q8_0 has a 16-bit scale for every 32 of them. */
const ELEMENT_BYTES: Readonly<Record<KvType, number>> = { f16: 2, f32: 4, q8_0: 34 / 32 };

/** Sizes of a KV cache; 0 asks for a choice. */
export interface CacheSizes {
  /** Tokens per sequence. */
  readonly contextSize: number;
  readonly parallelSequences: number;
  /** Cells of the pool that beams have for themselves in the split layout. */
  readonly beamCells: number;
}

/** Sizes as configured, and how the cache is laid out. */
export interface WantedCache extends CacheSizes {
  readonly kvLayout: 'split' | 'unified';
}

/**
 * Bytes of KV cache that one token's keys and values take in all layers, from GGUF metadata; null if the metadata does
 * not tell, as with recurrent models.
 */
export function kvBytesPerToken(metadata: Readonly<Record<string, string>>, kvType: KvType): number | null {
  const architecture = metadata['general.architecture'] ?? '';
  const value = (key: string): number => Number(metadata[`${architecture}.${key}`]);
  const heads = value('attention.head_count');
  const kvHeads = value('attention.head_count_kv') || heads;
  const headSize = value('embedding_length') / heads;
  const keySize = value('attention.key_length') || headSize;
  const valueSize = value('attention.value_length') || headSize;
  const bytes = value('block_count') * kvHeads * (keySize + valueSize) * ELEMENT_BYTES[kvType];
  return Number.isFinite(bytes) && bytes > 0 ? bytes : null;
}

/**
 * Bytes that a cache of so many cells takes, as far as they can be told.
 *
 * @param bytesPerToken see kvBytesPerToken; null counts nothing
 */
export function cacheBytes(cells: number, bytesPerToken: number | null): number {
  return Math.ceil(cells / CONTEXT_STEP) * CONTEXT_STEP * Math.ceil(bytesPerToken ?? 0);
}

/**
 * Whether positions are rotations, which go on past the trained context, and not rows of a table, which end there. An
 * unknown kind counts as rows: reading past them ends the process.
 */
export function hasRotaryPositions(metadata: Readonly<Record<string, string>>): boolean {
  return Object.keys(metadata).some((key) => key.includes('.rope.'));
}

/**
 * Fills in the sizes that were left to be chosen: the trained context, up to 16 sequences and, in the split layout, a
 * pool of 4 contexts for beams, as far as half of the available memory allows. First the pool is cut down to a quarter
 * of that, but not below one context; then sequences are given up, then context. What was configured is never changed.
 *
 * @param wanted sizes as configured
 * @param trainedContextSize positions the model was trained on
 * @param bytesPerToken see kvBytesPerToken; null chooses without regard to memory
 * @param availableBytes memory that is free for the cache
 * @returns sizes above 0, but for beamCells in the unified layout: 0, as beams draw on the one pool
 */
export function fitCache(
  wanted: WantedCache,
  trainedContextSize: number,
  bytesPerToken: number | null,
  availableBytes: number,
): CacheSizes {
  const cells =
    bytesPerToken === null ? Infinity : Math.floor((availableBytes * MEMORY_SHARE) / bytesPerToken);
  const hasPool = wanted.kvLayout === 'split';
  const sequences = Math.max(wanted.parallelSequences, 1);
  // The pool needs room for a context of its own, unless its size is given.
  const shares = hasPool && wanted.beamCells === 0 ? sequences + 1 : sequences;
  const fittingContext = roundedDown((cells - wanted.beamCells) / shares);
  const contextSize = wanted.contextSize || Math.min(trainedContextSize, fittingContext);
  const beamCells = wanted.beamCells || (hasPool ? chosenBeamCells(contextSize, cells) : 0);
  const fittingSequences = Math.max(Math.floor((cells - beamCells) / contextSize), 1);
  return {
    contextSize,
    parallelSequences: wanted.parallelSequences || Math.min(MOST_PARALLEL_SEQUENCES, fittingSequences),
    beamCells,
  };
}

function chosenBeamCells(contextSize: number, cells: number): number {
  const enough = Math.max(BEAM_CONTEXTS * contextSize, LEAST_BEAM_CELLS);
  return Math.min(enough, Math.max(roundedDown(cells * BEAM_SHARE), contextSize));
}

function roundedDown(cells: number): number {
  return Math.max(Math.floor(cells / CONTEXT_STEP), 1) * CONTEXT_STEP;
}
