import type { OutputTypeName } from '../output-types.js';

/** How far a file of some type may be from its F32 reference. */
export interface Bounds {
  /** Factor, either way, between the two perplexities. */
  readonly perplexity: number;
  /** Mean Kullback-Leibler divergence in nats a token. */
  readonly divergence: number;
  /** Largest logit difference as a share of the spread of the reference's logits. Absent: not judged. */
  readonly difference?: number;
}

/**
 * Fewer bits move the scores further, and small models suffer most. The bounds are about ten times what the
 * shipped model's conversions show (docs/convert.md), which is one of the smallest there are; a tensor of the
 * wrong scale, order or place exceeds them. Divergence is the finer of the two: it sees changes that by chance
 * leave the perplexity of one text as it was.
 */
export const BOUNDS: Readonly<Record<OutputTypeName, Bounds>> = {
  f32: { perplexity: 1.001, divergence: 1e-5, difference: 1e-3 },
  f16: { perplexity: 1.02, divergence: 0.001, difference: 0.02 },
  bf16: { perplexity: 1.02, divergence: 0.002 },
  q8_0: { perplexity: 1.05, divergence: 0.02 },
  q6_k: { perplexity: 1.1, divergence: 0.06 },
  q5_k_m: { perplexity: 1.2, divergence: 0.12 },
  q5_k_s: { perplexity: 1.2, divergence: 0.12 },
  q5_1: { perplexity: 1.2, divergence: 0.12 },
  q5_0: { perplexity: 1.2, divergence: 0.12 },
  q4_k_m: { perplexity: 1.4, divergence: 0.4 },
  q4_k_s: { perplexity: 1.4, divergence: 0.4 },
  q4_1: { perplexity: 1.4, divergence: 0.4 },
  q4_0: { perplexity: 1.4, divergence: 0.4 },
  q3_k_m: { perplexity: 1.6, divergence: 0.6 },
  q2_k: { perplexity: 3, divergence: 2 },
};
