/**
 * `npm run bench`: Glossa over HTTP beside a bare llama_decode loop and node-llama-cpp, on a GPT-2-124M-shaped Q8_0
 * model with random weights. Contenders take turns, so that a slow minute of the machine falls on all of them.
 */
import os from 'node:os';
import path from 'node:path';

import { physicalCores } from '../src/config/cores.js';
import { packageRoot } from '../src/engine/addon.js';
import { measureChoices } from './choices.js';
import { runInProcess } from './contenders/contender.js';
import { GlossaServer } from './contenders/glossa.js';
import { measureBeamCells, measureBeams, measureBesideStreams } from './beams.js';
import { ensureBenchModel } from './random-model.js';
import { megabytes, median, table } from './report.js';
import { measureSampling } from './sampling.js';
import { measureTwoModels } from './two-models.js';
import { NEW_TOKENS, PROMPT_TOKENS, promptText, SAMPLING, type Workload } from './workload.js';

const STREAMS = [1, 4, 16];
const ROUNDS = 5;
const LONG_PROMPT_TOKENS = 800;

interface Rates {
  readonly bare: number[];
  readonly glossa: number[];
  readonly nodeLlamaCpp: number[];
  readonly firstTokenMs: number[];
}

async function measureThroughput(
  server: GlossaServer,
  modelPath: string,
  threads: number,
): Promise<Map<number, Rates>> {
  const results = new Map<number, Rates>();
  for (const streams of STREAMS) {
    const rates: Rates = { bare: [], glossa: [], nodeLlamaCpp: [], firstTokenMs: [] };
    for (let round = 0; round < ROUNDS; round += 1) {
      const workload: Workload = { modelPath, streams, threads, trial: streams * 100 + round };
      rates.bare.push((await runInProcess('bare-loop', workload)).tokensPerSecond);
      const glossa = await server.trial(workload);
      rates.glossa.push(glossa.tokensPerSecond);
      rates.firstTokenMs.push(glossa.firstTokenMs);
      rates.nodeLlamaCpp.push((await runInProcess('node-llama-cpp', workload)).tokensPerSecond);
    }
    results.set(streams, rates);
  }
  return results;
}

function throughputTable(results: ReadonlyMap<number, Rates>): string {
  const rows = [...results].map(([streams, rates]) => {
    const [bare, glossa, other] = [median(rates.bare), median(rates.glossa), median(rates.nodeLlamaCpp)];
    return [
      streams,
      bare.toFixed(0),
      glossa.toFixed(0),
      other.toFixed(0),
      (glossa / bare).toFixed(2),
      (glossa / other).toFixed(2),
      median(rates.firstTokenMs).toFixed(0),
    ].map(String);
  });
  const header = ['streams', 'bare loop', 'Glossa over HTTP', 'node-llama-cpp'];
  return table([...header, 'Glossa / bare', 'Glossa / node-llama-cpp', 'first token, ms'], rows);
}

/** Time to the first token of a long prompt, new and sent again. */
async function measurePrefixReuse(server: GlossaServer): Promise<string> {
  const rows: string[][] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const prompt = promptText(900_000 + round, LONG_PROMPT_TOKENS);
    const first = await server.generate(prompt, 8, round);
    const second = await server.generate(prompt, 8, round);
    rows.push([
      first.firstTokenMs.toFixed(0),
      second.firstTokenMs.toFixed(1),
      `${first.cachedTokens} / ${second.cachedTokens}`,
      (second.firstTokenMs / first.firstTokenMs).toFixed(3),
    ]);
  }
  return table(['first, ms', 'second, ms', 'cached tokens', 'second / first'], rows);
}

async function main(): Promise<void> {
  const threads = physicalCores();
  console.log(
    `machine: ${os.cpus()[0]?.model ?? 'unknown CPU'}, ${threads} threads, Node.js ${process.version}`,
  );
  console.log(
    `workload: prompts of ${PROMPT_TOKENS} tokens, ${NEW_TOKENS} new tokens, ${JSON.stringify(SAMPLING)}; ` +
      `median of ${ROUNDS} rounds\n`,
  );
  const modelPath = await ensureBenchModel(path.join(packageRoot(), '.cache'));
  const server = await GlossaServer.start(modelPath, threads);
  try {
    console.log('Tokens per second, prompts included:\n');
    console.log(throughputTable(await measureThroughput(server, modelPath, threads)));
    console.log(`\nThe same prompt of ${LONG_PROMPT_TOKENS} tokens twice, time to the first token:\n`);
    console.log(await measurePrefixReuse(server));
    console.log('\nEight choices from one prompt, over HTTP:\n');
    console.log(await measureChoices(server, modelPath, threads));
    const peak = await server.peakMemory();
    console.log(`\nPeak memory: server ${megabytes(peak.server)}, engine process ${megabytes(peak.engine)}`);
  } finally {
    await server.stop();
  }
  const { alone, together } = await measureTwoModels(modelPath, threads);
  console.log(
    `\nTwo models at once, a stream each: ${together.toFixed(0)} tokens per second in all, ` +
      `${(together / alone).toFixed(2)} of one model alone`,
  );
  console.log('\nBeam search, steps per second (prompts left out):\n');
  console.log(await measureBeams(modelPath, threads));
  console.log(`\n${await measureBesideStreams(modelPath, threads)}`);
  console.log(`\n${await measureBeamCells(modelPath, threads)}`);
  console.log('\nProcessing 50,257 scores and choosing a token, worst of three shapes of logits:\n');
  const sampling = [...(await measureSampling())].map(([mode, ms]) => [mode, ms.toFixed(3)]);
  console.log(table(['mode', 'ms a token'], sampling));
}

await main();
