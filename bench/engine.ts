import { EngineProcess } from '../src/engine/engine-process.js';
import { CONTEXT_SIZE } from './workload.js';

/** An engine without HTTP around it, on the CPU and without kept prefixes, which would help later trials. */
export function startEngine(
  modelPath: string,
  threads: number,
  parallelSequences: number,
): Promise<EngineProcess> {
  return EngineProcess.start({
    modelPath,
    threads,
    parallelSequences,
    contextSize: CONTEXT_SIZE,
    gpu: 'off',
    gpuLayers: 0,
    cacheRamBytes: 0,
    reproducible: false,
    kvLayout: 'split',
    kvCells: 0,
    kvType: 'f16',
    beamCells: 0,
    queueLimit: 64,
    queueTokens: 1_000_000,
  });
}
