/** Several choices from one prompt through OpenAI's API, beside the bare loop with as many sequences. */
import { runInProcess } from './contenders/contender.js';
import type { GlossaServer } from './contenders/glossa.js';
import { median, table } from './report.js';
import { NEW_TOKENS, promptText, SAMPLING, type Workload } from './workload.js';

const CHOICES = 8;
const ROUNDS = 5;

const CASES = {
  [`n = ${CHOICES}`]: { n: CHOICES },
  [`n = ${CHOICES}, logprobs 5`]: { n: CHOICES, logprobs: 5 },
  [`best_of = ${CHOICES}`]: { n: 1, best_of: CHOICES },
} as const;

/** Seconds that a request takes. */
async function seconds(server: GlossaServer, trial: number, wanted: object): Promise<number> {
  const { temperature, topK, topP } = SAMPLING;
  const body = {
    ...{ prompt: promptText(trial), max_tokens: NEW_TOKENS, seed: trial, ignore_eos: true },
    ...{ temperature, top_k: topK, top_p: topP, ...wanted },
  };
  const start = performance.now();
  const answer = (await server.post('/v1/completions', body)) as { usage: { completion_tokens: number } };
  const elapsed = (performance.now() - start) / 1000;
  const tokens = answer.usage.completion_tokens;
  if (tokens !== CHOICES * NEW_TOKENS)
    throw new Error(`expected ${CHOICES * NEW_TOKENS} tokens, got ${tokens}`);
  return elapsed;
}

/**
 * What the bare loop takes for as many sequences of one prompt: its steps, and an eighth of its prefill, which is of
 * a prompt for each sequence.
 */
async function bareSeconds(workload: Workload): Promise<number> {
  const { tokensPerSecond, stepsPerSecond = Infinity } = await runInProcess('bare-loop', workload);
  const all = (CHOICES * NEW_TOKENS) / tokensPerSecond;
  const steps = (NEW_TOKENS - 1) / stepsPerSecond;
  return steps + Math.max(0, all - steps) / CHOICES;
}

/** A table of requests' times as ratios to the bare loop's, and of the prompt tokens that were computed. */
export async function measureChoices(
  server: GlossaServer,
  modelPath: string,
  threads: number,
): Promise<string> {
  const bare: number[] = [];
  const taken = new Map(Object.keys(CASES).map((name) => [name, { seconds: [] as number[], computed: 0 }]));
  for (let round = 0; round < ROUNDS; round += 1) {
    bare.push(await bareSeconds({ modelPath, streams: CHOICES, threads, trial: round }));
    for (const [index, [name, wanted]] of Object.entries(CASES).entries()) {
      const row = taken.get(name);
      if (row === undefined) continue;
      const before = await server.computedPromptTokens();
      row.seconds.push(await seconds(server, 700_000 + 10 * round + index, wanted));
      row.computed = (await server.computedPromptTokens()) - before;
    }
  }
  const rows = [...taken].map(([name, row]) => [
    name,
    median(row.seconds).toFixed(2),
    median(bare).toFixed(2),
    (median(row.seconds) / median(bare)).toFixed(2),
    String(row.computed),
  ]);
  return table(['request', 'seconds', 'bare loop', 'request / bare', 'prompt tokens computed'], rows);
}
