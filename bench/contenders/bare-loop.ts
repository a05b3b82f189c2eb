/** The limit: `llama_decode` in a bare C++ loop with a plain argmax, in the better of llama.cpp's two KV layouts. */
import { loadAddon } from '../../src/engine/addon.js';
import { openBackend } from '../../src/engine/backend.js';
import { CONTEXT_SIZE, NEW_TOKENS, PROMPT_TOKENS, type Trial, type Workload } from '../workload.js';
import { runContender } from './contender.js';

await runContender(async ({ modelPath, streams, threads }: Workload): Promise<Trial> => {
  const addon = loadAddon();
  await openBackend(addon, 'off');
  const model = await addon.loadModel({ path: modelPath, gpuLayers: 0, adapters: [] }, () => undefined);
  const trials: Required<Trial>[] = [];
  for (const kvLayout of ['split', 'unified'] as const) {
    const { seconds, prefillSeconds } = await addon.measureDecodeLoop(model, {
      sequences: streams,
      promptTokens: PROMPT_TOKENS,
      newTokens: NEW_TOKENS,
      contextSize: CONTEXT_SIZE,
      threads,
      kvLayout,
    });
    trials.push({
      tokensPerSecond: (streams * NEW_TOKENS) / seconds,
      stepsPerSecond: (NEW_TOKENS - 1) / (seconds - prefillSeconds),
    });
  }
  return {
    tokensPerSecond: Math.max(...trials.map(({ tokensPerSecond }) => tokensPerSecond)),
    stepsPerSecond: Math.max(...trials.map(({ stepsPerSecond }) => stepsPerSecond)),
  };
});
