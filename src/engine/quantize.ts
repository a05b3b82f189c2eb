import { availableParallelism } from 'node:os';

import { GlossaError } from '../errors.js';
import { loadAddon } from './addon.js';
import { openBackend } from './backend.js';

/**
 * Quantises a GGUF file with llama.cpp's own quantiser.
 *
 * @param options.fileType llama.cpp's name in lower case: "q8_0", "q4_k_m", "f16", ...
 * @param options.threads 0 or absent for as many as there are cores
 * @throws GlossaError CONVERSION_FAILED with llama.cpp's reason as its cause; NATIVE_UNAVAILABLE without the addon
 */
export async function quantizeFile(options: {
  readonly input: string;
  readonly output: string;
  readonly fileType: string;
  readonly threads?: number;
}): Promise<void> {
  const addon = loadAddon();
  await openBackend(addon, 'off');
  const threads =
    options.threads === undefined || options.threads === 0 ? availableParallelism() : options.threads;
  try {
    await addon.quantize({ ...options, threads });
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n').at(-1) : undefined;
    throw new GlossaError(
      'CONVERSION_FAILED',
      `llama.cpp can't quantise this file to ${options.fileType}: ${reason ?? 'it gave no reason'}`,
      { cause: error },
    );
  }
}
