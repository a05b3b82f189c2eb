/** Beam search beside a bare `llama_decode` loop with as many sequences, beside streams, and in its KV cells. */
import { setTimeout as sleep } from 'node:timers/promises';

import type { Engine } from '../src/engine/engine.js';
import type { GenerationRequestInput } from '../src/generation/request.js';
import { startEngine } from './engine.js';
import { runInProcess } from './contenders/contender.js';
import { median, table } from './report.js';
import { NEW_TOKENS, promptText } from './workload.js';

const BEAMS = [1, 2, 5, 10];
const ROUNDS = 5;
const STREAMS = 8;
const SEARCH_BESIDE_STREAMS = 5;
const WIDE_BEAMS = 64;
const WIDE_TOKENS = 512;

/** Every processor that acts on text, at values that change something and leave something to choose. */
export const TEXT_PROCESSORS = {
  sequenceBias: [
    [[262], -0.5],
    [[257, 640], 1],
  ],
  encoderRepetitionPenalty: 1.05,
  repetitionPenalty: 1.2,
  presencePenalty: 0.2,
  frequencyPenalty: 0.1,
  noRepeatNgramSize: 3,
  encoderNoRepeatNgramSize: 4,
  badWordsIds: [[1212], [383, 640]],
  minNewTokens: 16,
  eosTokenId: [50_256],
  forcedEosTokenId: [50_256],
  removeInvalidValues: true,
  exponentialDecayLengthPenalty: [10_000, 1.01],
  suppressTokens: [198, 628],
  beginSuppressTokens: [220],
  renormalizeLogits: true,
} as const satisfies Partial<GenerationRequestInput>;

/** Steps per second of one request, its prompt left out. */
async function stepsPerSecond(
  engine: Engine,
  request: Partial<GenerationRequestInput>,
  trial: number,
): Promise<number> {
  const generation = engine.generate({
    prompt: promptText(700_000 + trial),
    maxNewTokens: NEW_TOKENS,
    eosTokenId: [],
    ...request,
  });
  let start = 0;
  for await (const event of generation) if (event.type === 'prompt') start = performance.now();
  return (NEW_TOKENS - 1) / ((performance.now() - start) / 1000);
}

/** Steps per second of searches, with and without processors, as a share of the bare loop's. */
export async function measureBeams(modelPath: string, threads: number): Promise<string> {
  const engine = await startEngine(modelPath, threads, 16);
  const rows: string[][] = [];
  try {
    for (const numBeams of BEAMS) {
      const rates = { bare: [] as number[], plain: [] as number[], processed: [] as number[] };
      for (let round = 0; round < ROUNDS; round += 1) {
        const trial = numBeams * 100 + round;
        const bare = await runInProcess('bare-loop', { modelPath, streams: numBeams, threads, trial });
        rates.bare.push(bare.stepsPerSecond ?? Number.NaN);
        rates.plain.push(await stepsPerSecond(engine, { numBeams }, trial));
        // EOS can't end it: it comes last, by force.
        const processed = {
          ...TEXT_PROCESSORS,
          minNewTokens: NEW_TOKENS,
          exponentialDecayLengthPenalty: undefined,
        };
        rates.processed.push(await stepsPerSecond(engine, { ...processed, numBeams }, trial));
      }
      const [bare, plain, processed] = [median(rates.bare), median(rates.plain), median(rates.processed)];
      rows.push(
        [String(numBeams), ...[bare, plain, processed].map((rate) => rate.toFixed(1))].concat(
          [plain / bare, processed / bare].map((ratio) => ratio.toFixed(2)),
        ),
      );
    }
  } finally {
    await engine.close();
  }
  const header = [
    'beams',
    'bare loop',
    'Glossa',
    'with processors',
    'Glossa / bare',
    'with processors / bare',
  ];
  return table(header, rows);
}

/** Times at which a stream's tokens came. */
async function tokenTimes(engine: Engine, index: number): Promise<number[]> {
  const times: number[] = [];
  const prompt = promptText(600_000 + index);
  for await (const event of engine.generate({ prompt, maxNewTokens: 200, eosTokenId: [] })) {
    if (event.type === 'token') times.push(performance.now());
  }
  return times;
}

/** Waits between tokens that overlap a span of time. */
function waitsDuring(times: readonly number[], start: number, end: number): number[] {
  return times.flatMap((time, index) => {
    const before = times[index - 1];
    return before === undefined || time < start || before > end ? [] : [time - before];
  });
}

/** How long streams wait for a token while a search begins, runs and ends beside them; the first makes its cells. */
export async function measureBesideStreams(modelPath: string, threads: number): Promise<string> {
  const engine = await startEngine(modelPath, threads, 16);
  try {
    const streams = Array.from({ length: STREAMS }, (_, index) => tokenTimes(engine, index));
    await sleep(2000);
    const spans: [number, number][] = [];
    for (const trial of [1, 2]) {
      const start = performance.now();
      const prompt = promptText(690_000 + trial);
      const numBeams = SEARCH_BESIDE_STREAMS;
      const search = engine.generate({ prompt, numBeams, maxNewTokens: 24, eosTokenId: [] });
      for await (const event of search) if (event.type === 'finish') break;
      spans.push([start, performance.now()]);
    }
    const times = await Promise.all(streams);
    const described = spans.map(([start, end]) => {
      const waits = times.flatMap((own) => waitsDuring(own, start, end));
      const [step, longest] = [median(waits), Math.max(...waits)];
      return `every ${step.toFixed(0)} ms (median), at most ${longest.toFixed(0)} ms: ${(longest / step).toFixed(1)} steps`;
    });
    return (
      `${STREAMS} streams, a token of each while a search of ${SEARCH_BESIDE_STREAMS} beams runs beside them: ` +
      described.join('; beside a second search ')
    );
  } finally {
    await engine.close();
  }
}

/** Peak of the cells that a wide and long search takes. */
export async function measureBeamCells(modelPath: string, threads: number): Promise<string> {
  const engine = await startEngine(modelPath, threads, 16);
  try {
    let peak = 0;
    let total = 0;
    const poll = setInterval(() => {
      void engine.stats().then((stats) => {
        peak = Math.max(peak, stats.usedBeamCells);
        total = stats.totalBeamCells;
      });
    }, 50);
    const generation = engine.generate({
      prompt: promptText(680_000),
      numBeams: WIDE_BEAMS,
      numReturnSequences: WIDE_BEAMS,
      maxNewTokens: WIDE_TOKENS,
      eosTokenId: [],
    });
    let tokens = 0;
    for await (const event of generation) tokens += event.type === 'token' ? 1 : 0;
    clearInterval(poll);
    return (
      `${WIDE_BEAMS} beams of ${WIDE_TOKENS} tokens (${tokens} returned): at most ${peak} cells of a pool of ${total}; ` +
      `${(tokens / peak).toFixed(1)} times as many without sharing`
    );
  } finally {
    await engine.close();
  }
}
