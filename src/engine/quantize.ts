import { setImmediate } from 'node:timers/promises';

import { GlossaError } from '../errors.js';
import { loadAddon } from './addon.js';
import { openBackend } from './backend.js';
import { threadCount } from './thread-count.js';

/** What to quantise, and into what. */
export interface QuantizeFileOptions {
  readonly input: string;
  readonly output: string;
  /** llama.cpp's name in lower case: "q8_0", "q4_k_m", "f16", ... */
  readonly fileType: string;
  /** 0 or absent for as many as there are cores. */
  readonly threads?: number | undefined;
  /** Hears, as each tensor begins, the share of tensors that are done: 0 at first, never 1. */
  readonly onProgress?: ((fraction: number) => void) | undefined;
}

/**
 * Quantises a GGUF file with llama.cpp's own quantiser.
 *
 * @throws GlossaError CONVERSION_FAILED with llama.cpp's reason as its cause; NATIVE_UNAVAILABLE without the addon
 */
export async function quantizeFile(options: QuantizeFileOptions): Promise<void> {
  const { input, output, fileType, onProgress } = options;
  const addon = loadAddon();
  await openBackend(addon, 'off');
  const threads = threadCount(options.threads);
  let running = true;
  try {
    await addon.quantize({ input, output, fileType, threads }, (fraction) => {
      if (running) onProgress?.(fraction);
    });
    // Calls that were queued when the quantiser finished come before this.
    await setImmediate();
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n').at(-1) : undefined;
    throw new GlossaError(
      'CONVERSION_FAILED',
      `llama.cpp can't quantise this file to ${fileType}: ${reason ?? 'it gave no reason'}`,
      { cause: error },
    );
  } finally {
    running = false;
  }
}
