/** node-llama-cpp's own `sequence.evaluate`, with as many sequences of one context as there are streams. */
import { getLlama, type LlamaContextSequence, type Token } from 'node-llama-cpp';

import { CONTEXT_SIZE, NEW_TOKENS, promptsOf, SAMPLING, type Trial, type Workload } from '../workload.js';
import { runContender } from './contender.js';

async function generate(sequence: LlamaContextSequence, prompt: Token[]): Promise<number> {
  let generated = 0;
  for await (const _token of sequence.evaluate(prompt, { ...SAMPLING, yieldEogToken: true })) {
    generated += 1;
    if (generated === NEW_TOKENS) break;
  }
  return generated;
}

await runContender(async (workload: Workload): Promise<Trial> => {
  const { modelPath, streams, threads } = workload;
  const llama = await getLlama({ gpu: false, build: 'never', progressLogs: false, maxThreads: threads });
  const model = await llama.loadModel({ modelPath });
  const context = await model.createContext({ sequences: streams, contextSize: CONTEXT_SIZE, threads });
  const sequences = Array.from({ length: streams }, () => context.getSequence());
  const prompts = promptsOf(workload).map((prompt) => model.tokenize(prompt));
  const start = performance.now();
  const generated = await Promise.all(
    sequences.map((sequence, index) => generate(sequence, prompts[index] ?? [])),
  );
  const seconds = (performance.now() - start) / 1000;
  await llama.dispose();
  return { tokensPerSecond: generated.reduce((sum, count) => sum + count, 0) / seconds };
});
