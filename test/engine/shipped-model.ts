import path from 'node:path';

import { packageRoot } from '../../src/engine/addon.js';
import type { EngineOptions } from '../../src/engine/engine.js';

export const shippedModel = path.join(packageRoot(), 'models', 'glossa-tales', 'glossa-tales-q8_0.gguf');

/** Options for an engine on the shipped model, small and on the CPU. */
export function shippedEngineOptions(overrides: Partial<EngineOptions> = {}): EngineOptions {
  return {
    modelPath: shippedModel,
    contextSize: 0,
    parallelSequences: 16,
    threads: 1,
    gpu: 'off',
    gpuLayers: 0,
    cacheRamBytes: 64 * 1024 * 1024,
    reproducible: false,
    kvLayout: 'split',
    kvCells: 0,
    beamCells: 0,
    kvType: 'f16',
    queueLimit: 256,
    queueTokens: 1_000_000,
    ...overrides,
  };
}
