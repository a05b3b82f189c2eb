import type { Engine } from '../src/engine/engine.js';
import { startEngine } from './engine.js';
import { promptText, SAMPLING } from './workload.js';

const NEW_TOKENS = 96;

/** Tokens per second. */
export interface TwoModelRates {
  readonly alone: number;
  /** Of both models at the same time, added up. */
  readonly together: number;
}

async function rate(engine: Engine, seed: number): Promise<number> {
  const start = performance.now();
  const prompt = promptText(800_000 + seed);
  const generation = engine.generate({
    ...SAMPLING,
    prompt,
    seed,
    maxNewTokens: NEW_TOKENS,
    doSample: true,
    eosTokenId: [],
  });
  let tokens = 0;
  for await (const event of generation) tokens += event.type === 'token' ? 1 : 0;
  return tokens / ((performance.now() - start) / 1000);
}

/** Two models in two processes on the same cores, a stream on each: what sharing costs. */
export async function measureTwoModels(modelPath: string, threads: number): Promise<TwoModelRates> {
  const engines = [await startEngine(modelPath, threads, 1), await startEngine(modelPath, threads, 1)];
  try {
    const alone: number[] = [];
    for (const [index, engine] of engines.entries()) alone.push(await rate(engine, index));
    const together = await Promise.all(engines.map((engine, index) => rate(engine, 10 + index)));
    return { alone: Math.max(...alone), together: together.reduce((sum, value) => sum + value, 0) };
  } finally {
    await Promise.all(engines.map((engine) => engine.close()));
  }
}
