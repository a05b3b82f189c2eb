import { loadAddon, type NativeLowRankOptions } from './addon.js';
import { threadCount } from './thread-count.js';

/** Sizes of a low-rank update and what it is multiplied with. */
export interface LowRankOptions extends Omit<NativeLowRankOptions, 'threads'> {
  /** 0 or absent for as many as there are cores; small updates take fewer. */
  readonly threads?: number | undefined;
}

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
  await loadAddon().addLowRank(weight, b, a, { ...options, threads: threadCount(options.threads) });
}
