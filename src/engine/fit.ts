/** Sequences at a time when memory allows: enough for small models to gain all that batching gives. */
export const MOST_PARALLEL_SEQUENCES = 16;
/** Share of the available memory that the KV cache may take when sizes are chosen automatically. */
const MEMORY_SHARE = 0.5;
/** Contexts chosen automatically are multiples of this. */
const CONTEXT_STEP = 256;

/** Sizes of a KV cache; 0 asks for a choice. */
export interface CacheSizes {
  /** Tokens per sequence. */
  readonly contextSize: number;
  readonly parallelSequences: number;
}

/**
 * Bytes of KV cache (F16 keys and values) that one token takes in all layers, from GGUF metadata; null if the metadata
 * does not tell, as with recurrent models.
 */
export function kvBytesPerToken(metadata: Readonly<Record<string, string>>): number | null {
  const architecture = metadata['general.architecture'] ?? '';
  const value = (key: string): number => Number(metadata[`${architecture}.${key}`]);
  const heads = value('attention.head_count');
  const kvHeads = value('attention.head_count_kv') || heads;
  const headSize = value('embedding_length') / heads;
  const keySize = value('attention.key_length') || headSize;
  const valueSize = value('attention.value_length') || headSize;
  const bytes = value('block_count') * kvHeads * (keySize + valueSize) * 2;
  return Number.isFinite(bytes) && bytes > 0 ? bytes : null;
}

/**
 * Whether positions are rotations, which go on past the trained context, and not rows of a table, which end there. An
 * unknown kind counts as rows: reading past them ends the process.
 */
export function hasRotaryPositions(metadata: Readonly<Record<string, string>>): boolean {
  return Object.keys(metadata).some((key) => key.includes('.rope.'));
}

/**
 * Fills in the sizes that were left to be chosen: the trained context and up to 16 sequences, as far as half of the
 * available memory allows. First sequences are given up, then context. What was configured is never changed.
 *
 * @param wanted sizes as configured
 * @param trainedContextSize positions the model was trained on
 * @param bytesPerToken see kvBytesPerToken; null chooses without regard to memory
 * @param availableBytes memory that is free for the cache
 */
export function fitCache(
  wanted: CacheSizes,
  trainedContextSize: number,
  bytesPerToken: number | null,
  availableBytes: number,
): CacheSizes {
  const cells =
    bytesPerToken === null ? Infinity : Math.floor((availableBytes * MEMORY_SHARE) / bytesPerToken);
  const sequences = Math.max(wanted.parallelSequences, 1);
  const fittingContext = Math.max(Math.floor(cells / sequences / CONTEXT_STEP), 1) * CONTEXT_STEP;
  const contextSize = wanted.contextSize || Math.min(trainedContextSize, fittingContext);
  const fittingSequences = Math.max(Math.floor(cells / contextSize), 1);
  return {
    contextSize,
    parallelSequences: wanted.parallelSequences || Math.min(MOST_PARALLEL_SEQUENCES, fittingSequences),
  };
}
