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
 * Rounding a weight to 11 (F16) or 8 (BF16, Q8_0) significant bits moves perplexity by far less than a percent, and each bit
 * less about doubles to quadruples the damage; small models suffer most. The bounds leave a factor of five or more above what was
 * measured on the shipped model (docs/convert.md), and broken tensors exceed them by more. Divergence is the finer of the two: it
 * sees changes that leave the perplexity of one text as it was by chance.
 */
export const BOUNDS: Readonly<Record<OutputTypeName, Bounds>> = {
  f32: { perplexity: 1.001, divergence: 1e-5, difference: 1e-3 },
  f16: { perplexity: 1.02, divergence: 0.002, difference: 0.02 },
  bf16: { perplexity: 1.02, divergence: 0.005 },
  q8_0: { perplexity: 1.05, divergence: 0.02 },
  q6_k: { perplexity: 1.1, divergence: 0.05 },
  q5_k_m: { perplexity: 1.2, divergence: 0.15 },
  q5_k_s: { perplexity: 1.2, divergence: 0.15 },
  q5_1: { perplexity: 1.2, divergence: 0.15 },
  q5_0: { perplexity: 1.2, divergence: 0.15 },
  q4_k_m: { perplexity: 1.4, divergence: 0.4 },
  q4_k_s: { perplexity: 1.4, divergence: 0.4 },
  q4_1: { perplexity: 1.4, divergence: 0.4 },
  q4_0: { perplexity: 1.4, divergence: 0.4 },
  q3_k_m: { perplexity: 2, divergence: 1 },
  q2_k: { perplexity: 4, divergence: 2.5 },
};
