import type { Embeddings } from './engine.js';
import type { FlatEmbeddings } from './embedder.js';
import type { PackedEmbeddings } from './protocol.js';

/** Embeddings as they travel between processes. */
export function packed({ vectors, promptTokens }: FlatEmbeddings): PackedEmbeddings {
  const { buffer, byteOffset, byteLength } = vectors;
  return { vectors: Buffer.from(buffer, byteOffset, byteLength).toString('base64'), promptTokens };
}

/** What was packed, a vector for each input. */
export function unpacked({ vectors, promptTokens }: PackedEmbeddings): Embeddings {
  const bytes = Buffer.from(vectors, 'base64');
  const size = bytes.length / Math.max(promptTokens.length, 1);
  return {
    // A copy for each, as a part of the whole would keep all of it in memory and need not be aligned.
    vectors: promptTokens.map(
      (_, index) => new Float32Array(new Uint8Array(bytes.subarray(index * size, (index + 1) * size)).buffer),
    ),
    promptTokens,
  };
}
