import type { RopeConfig } from './config.js';

type Yarn = Extract<RopeConfig['scaling'], { type: 'yarn' }>;
type Longrope = Extract<RopeConfig['scaling'], { type: 'longrope' }>;

/** How much longer than in training a text may be. */
export function stretch(rope: RopeConfig, factor: number | null | undefined): number {
  return factor ?? rope.maxPositions / rope.originalContext;
}

/** YaRN's factor on cosine and sine, "mscale" (https://arxiv.org/abs/2309.00071, equation 22). */
function mscale(factor: number, weight = 1): number {
  return factor <= 1 ? 1 : 0.1 * weight * Math.log(factor) + 1;
}

/**
 * What YaRN multiplies cosine and sine with, relative to what llama.cpp multiplies them with on its own:
 * 1 unless config.json says otherwise.
 */
export function yarnAttentionFactor(rope: RopeConfig, scaling: Yarn): number {
  const factor = stretch(rope, scaling.factor);
  const { mscale: weight, mscale_all_dim: weightAll } = scaling;
  const own = weight && weightAll ? mscale(factor, weight) / mscale(factor, weightAll) : mscale(factor);
  return (scaling.attention_factor ?? own) / mscale(factor);
}

/** What LongRoPE multiplies cosine and sine with (https://arxiv.org/abs/2402.13753). */
export function longropeAttentionFactor(rope: RopeConfig, scaling: Longrope): number {
  const factor = stretch(rope, scaling.factor);
  const own = factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(rope.originalContext));
  return scaling.attention_factor ?? own;
}
