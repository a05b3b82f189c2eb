import { stat } from 'node:fs/promises';
import { basename } from 'node:path';

import type { EngineOptions } from '../engine/engine.js';
import { GlossaError } from '../errors.js';
import type { ModelSlot } from './model-slot.js';

/** What a file needs in memory beyond its size, before it was loaded and told. */
const MEMORY_PER_FILE_BYTE = 1.2;

/**
 * Bytes of a model's file and of all adapters that are loaded with it.
 *
 * @throws GlossaError MODEL_LOAD_FAILED if one of them can't be looked at
 */
export async function loadedFilesSize({ modelPath, adapterSets = [] }: EngineOptions): Promise<number> {
  const adapters = new Set(adapterSets.flat().map(({ path }) => path));
  let bytes = await fileSize(modelPath, 'its file');
  for (const path of adapters) bytes += await fileSize(path, `adapter ${basename(path)}`);
  return bytes;
}

async function fileSize(path: string, what: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (cause) {
    throw new GlossaError('MODEL_LOAD_FAILED', `${what} is missing or can't be read`, { cause });
  }
}

/**
 * Bytes to make room for. What a model was seen to take counts, but one that fitted by its file's size and then
 * took more than the whole budget may come back: it gets the budget for itself.
 */
export function memoryEstimate(slot: ModelSlot, fileBytes: number, budget: number): number {
  const { measuredBytes } = slot;
  if (measuredBytes === undefined) return Math.ceil(fileBytes * MEMORY_PER_FILE_BYTE);
  return budget === 0 ? measuredBytes : Math.min(measuredBytes, budget);
}
