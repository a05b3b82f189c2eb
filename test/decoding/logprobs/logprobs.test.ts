import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';

import { convertCheckpoint } from '../../../scripts/convert/convert.js';
import { packageRoot } from '../../../src/engine/addon.js';
import type { Engine } from '../../../src/engine/engine.js';
import { EngineProcess } from '../../../src/engine/engine-process.js';
import type { PromptTokenLogprobs, TokenLogprobs } from '../../../src/generation/events.js';
import type { GenerationRequestInput } from '../../../src/generation/request.js';
import { shippedEngineOptions } from '../../engine/shipped-model.js';

/** Largest difference between a log-probability of ours and transformers'. */
const TOLERANCE = 1e-3;
const LEAST_TEXTS = 50;

/** What transformers says of one text (scripts/goldens/decoding/make_logprobs.py). */
interface Golden {
  /** Ids of a text, with the special ones that its tokenizer adds. */
  readonly prompt: readonly number[];
  /** Of every id but the first. */
  readonly logprobs: readonly number[];
  /** The greedy continuation of some texts; `top` are the likeliest at each place. */
  readonly continuation?: {
    readonly tokens: readonly number[];
    readonly logprobs: readonly number[];
    readonly top: readonly (readonly number[])[];
  };
}

async function readGoldens(model: string): Promise<readonly Golden[]> {
  const file = path.join(packageRoot(), 'test', 'decoding', 'logprobs', `${model}.json`);
  return (JSON.parse(await readFile(file, 'utf8')) as { cases: readonly Golden[] }).cases;
}

/** The shipped checkpoint as float32, weights and KV cache. */
async function startEngine(model: string, folder: string): Promise<EngineProcess> {
  const outfile = path.join(folder, `${model}.gguf`);
  await convertCheckpoint({ source: path.join(packageRoot(), 'models', model), outtype: 'f32', outfile });
  return EngineProcess.start(shippedEngineOptions({ modelPath: outfile, kvType: 'f32' }));
}

interface Told {
  readonly prompt: readonly PromptTokenLogprobs[];
  readonly tokens: readonly TokenLogprobs[];
}

async function told(engine: Engine, request: GenerationRequestInput): Promise<Told> {
  let prompt: readonly PromptTokenLogprobs[] = [];
  const tokens: TokenLogprobs[] = [];
  for await (const event of engine.generate(request)) {
    if (event.type === 'prompt') prompt = event.promptLogprobs ?? [];
    if (event.type === 'token' && event.modelLogprobs !== undefined) tokens.push(event.modelLogprobs);
  }
  return { prompt, tokens };
}

/** Largest difference between two rows of as many numbers. */
function largestDifference(ours: readonly (number | null)[], theirs: readonly number[]): number {
  assert.equal(ours.length, theirs.length);
  return theirs.reduce((most, wanted, place) => {
    const difference = Math.abs((ours[place] ?? NaN) - wanted);
    return difference <= most ? most : difference;
  }, 0);
}

/** How far a text's log-probabilities are from transformers', told without new tokens. */
async function differenceOf(engine: Engine, golden: Golden): Promise<number> {
  const { prompt, tokens } = await told(engine, {
    ...{ prompt: golden.prompt, maxNewTokens: 0, promptLogprobs: 0, logprobs: 0 },
  });
  assert.deepEqual([prompt.length, tokens.length], [golden.prompt.length, 0]);
  assert.equal(prompt[0]?.logprob, null);
  return largestDifference(
    prompt.slice(1).map(({ logprob }) => logprob),
    golden.logprobs,
  );
}

/** The same of a text's greedy continuation. */
async function continuedDifferenceOf(engine: Engine, { prompt, continuation }: Golden): Promise<number> {
  assert.ok(continuation);
  const { tokens } = await told(engine, {
    prompt,
    maxNewTokens: continuation.tokens.length,
    logprobs: continuation.top[0]?.length,
  });
  assert.deepEqual(
    tokens.map(({ tokenId }) => tokenId),
    continuation.tokens,
  );
  const top = tokens.flatMap((token) => token.top.map(({ logprob }) => logprob));
  return Math.max(
    largestDifference(
      tokens.map(({ logprob }) => logprob),
      continuation.logprobs,
    ),
    largestDifference(top, continuation.top.flat()),
  );
}

describe('log-probabilities of the shipped models in float32 are those of transformers', () => {
  let folder = '';
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'glossa-logprobs-'));
  });
  after(() => rm(folder, { recursive: true }));

  for (const model of ['glossa-tales', 'glossa-sprout']) {
    test(model, async (t) => {
      const goldens = await readGoldens(model);
      assert.ok(goldens.length >= LEAST_TEXTS);
      const continued = goldens.filter(({ continuation }) => continuation !== undefined);
      assert.ok(continued.length > 0);
      const engine = await startEngine(model, folder);
      t.after(() => engine.close());
      const ofPrompts = await Promise.all(goldens.map((golden) => differenceOf(engine, golden)));
      const ofTokens = await Promise.all(continued.map((golden) => continuedDifferenceOf(engine, golden)));
      const tokens = goldens.reduce((sum, { logprobs }) => sum + logprobs.length, 0);
      t.diagnostic(
        `${goldens.length} texts, ${tokens} tokens: at most ${Math.max(...ofPrompts).toExponential(2)} apart; ` +
          `${continued.length} continuations: ${Math.max(...ofTokens).toExponential(2)}`,
      );
      const apart = goldens.flatMap(({ prompt }, index) =>
        (ofPrompts[index] ?? NaN) <= TOLERANCE ? [] : [{ prompt, difference: ofPrompts[index] }],
      );
      assert.deepEqual(apart, []);
      assert.ok(Math.max(...ofTokens) <= TOLERANCE);
    });
  }
});
