import { loadAddon, type LowRankOptions } from './addon.js';

export type { LowRankOptions } from './addon.js';

/**
 * Adds a low-rank product to a matrix in place, off the JavaScript thread: weight += scale x (b @ a) in binary32.
 *
 * @param weight [rows, columns], or [columns, rows] with `transposed`; not to be touched until this resolves
 * @param b [rows, rank]
 * @param a [rank, columns]
 * @throws GlossaError NATIVE_UNAVAILABLE without the addon; RangeError if the lengths are not those of `options`
 */
export async function addLowRank(
  weight: Float32Array,
  b: Float32Array,
  a: Float32Array,
  options: LowRankOptions,
): Promise<void> {
  await loadAddon().addLowRank(weight, b, a, options);
}
