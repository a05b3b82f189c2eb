import { loadAddon, type ValueFaults } from './addon.js';
import { openBackend } from './backend.js';
import { threadCount } from './thread-count.js';

/** A row-major tensor to convert. */
export interface RowsToConvert {
  readonly data: Uint8Array<ArrayBuffer>;
  readonly from: 'F64' | 'F32' | 'F16' | 'BF16';
  readonly to: 'F32' | 'F16' | 'BF16' | 'Q8_0';
  /** Elements of a row, along which the blocks of quantised types run. */
  readonly columns: number;
  /** 0 or absent for as many as there are cores. */
  readonly threads?: number | undefined;
}

/**
 * Converts a tensor to another element type or quantises it with ggml's own function, off the JavaScript
 * thread. F64 is rounded to binary32 first; rounding is to nearest, ties to even.
 *
 * @param target the result's memory; `data` itself, if the type stays, to have its values looked through
 * @returns values that a reader should hear of
 * @throws GlossaError NATIVE_UNAVAILABLE without the addon
 */
export async function convertRows(
  { data, from, to, columns, threads }: RowsToConvert,
  target: Uint8Array<ArrayBuffer>,
): Promise<ValueFaults> {
  const addon = loadAddon();
  await openBackend(addon, 'off');
  return addon.convertRows(data, { from, to, columns, threads: threadCount(threads) }, target);
}
