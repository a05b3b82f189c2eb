import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import type { Engine } from '../../src/engine/engine.js';
import { EngineProcess } from '../../src/engine/engine-process.js';
import type { PromptTokenLogprobs, TokenLogprobs } from '../../src/generation/events.js';
import type { GenerationRequestInput } from '../../src/generation/request.js';
import { shippedEngineOptions } from './shipped-model.js';

/** How far the order of sums, which hangs on what is decoded together, may move a log-probability. */
const TOLERANCE = 0.02;

interface Told {
  readonly prompt: readonly PromptTokenLogprobs[] | undefined;
  readonly cachedTokens: number;
  readonly tokens: readonly TokenLogprobs[];
}

async function told(engine: Engine, request: GenerationRequestInput): Promise<Told> {
  let prompt: Told['prompt'];
  let cachedTokens = -1;
  const tokens: TokenLogprobs[] = [];
  for await (const event of engine.generate(request)) {
    if (event.type === 'prompt') ({ promptLogprobs: prompt, cachedTokens } = event);
    if (event.type === 'token' && event.modelLogprobs !== undefined) tokens.push(event.modelLogprobs);
  }
  return { prompt, cachedTokens, tokens };
}

function assertNear(
  ours: readonly PromptTokenLogprobs[] | undefined,
  theirs: readonly PromptTokenLogprobs[] | undefined,
): void {
  assert.deepEqual(
    ours?.map(({ tokenId }) => tokenId),
    theirs?.map(({ tokenId }) => tokenId),
  );
  for (const [place, { logprob }] of (ours ?? []).entries()) {
    const difference = Math.abs((logprob ?? 0) - (theirs?.[place]?.logprob ?? 0));
    assert.ok(difference < TOLERANCE, `token ${place}: ${difference}`);
  }
}

const text =
  'Once upon a time there was a little dog who lived by the river. Every morning it ran to the mill and ' +
  'waited for the miller, who had a bone for it.';

describe('log-probabilities of the shipped model', () => {
  let engine: EngineProcess;
  before(async () => {
    engine = await EngineProcess.start(shippedEngineOptions());
  });
  after(() => engine.close());

  test('of the prompt are those it would generate with', async () => {
    const { prompt } = await told(engine, { prompt: text, promptLogprobs: 3, maxNewTokens: 0 });
    const ids = await engine.tokenize(text, { addSpecial: true });
    for (const place of [1, 5, 20]) {
      const { tokens } = await told(engine, { prompt: ids.slice(0, place), maxNewTokens: 1, logprobs: 3 });
      const [ours] = tokens;
      const best = prompt?.[place]?.top;
      assert.deepEqual(
        best?.map(({ tokenId }) => tokenId),
        ours?.top.map(({ tokenId }) => tokenId),
      );
      for (const [index, { logprob }] of (best ?? []).entries())
        assert.ok(Math.abs(logprob - (ours?.top[index]?.logprob ?? NaN)) < TOLERANCE);
    }
  });

  test('sum up to no more than 1, sorted', async () => {
    const { prompt, tokens } = await told(engine, {
      ...{ prompt: text, promptLogprobs: 20, logprobs: 20, maxNewTokens: 5, doSample: true, seed: 4 },
    });
    for (const { top } of [...(prompt ?? []).slice(1), ...tokens]) {
      assert.equal(top.length, 20);
      const logprobs = top.map(({ logprob }) => logprob);
      assert.deepEqual(
        logprobs,
        logprobs.toSorted((a, b) => b - a),
      );
      assert.ok(logprobs.reduce((sum, logprob) => sum + Math.exp(logprob), 0) <= 1 + 1e-4);
    }
  });

  test('are the same beside others and after an earlier request, of which nothing is reused', async () => {
    const request = { prompt: text, promptLogprobs: 1, maxNewTokens: 1 };
    const alone = await told(engine, request);
    const others = [0, 1, 2, 3].map((seed) =>
      told(engine, { prompt: `${seed}. ${text}`, doSample: true, seed, maxNewTokens: 30, logprobs: 0 }),
    );
    const beside = await Promise.all([told(engine, request), told(engine, request)]);
    await Promise.all(others);
    for (const each of beside) {
      assert.equal(each.cachedTokens, 0);
      assertNear(each.prompt, alone.prompt);
    }
    const reusing = await told(engine, { prompt: text, maxNewTokens: 1 });
    assert.ok(reusing.cachedTokens > 0);
  });

  test('are the very same in reproducible mode', async (t) => {
    const reproducible = await EngineProcess.start(shippedEngineOptions({ reproducible: true }));
    t.after(() => reproducible.close());
    const request = { prompt: text.repeat(5), promptLogprobs: 2, logprobs: 2, maxNewTokens: 4 };
    const alone = await told(reproducible, request);
    const [beside] = await Promise.all([
      told(reproducible, request),
      told(reproducible, { prompt: text, doSample: true, seed: 1, maxNewTokens: 30 }),
    ]);
    assert.deepEqual(beside, alone);
  });

  test('of a prompt that fills the context', async () => {
    const prompt = Array.from({ length: engine.info.contextSize }, (_, index) => 300 + ((index * 7) % 900));
    const scored = await told(engine, { prompt, promptLogprobs: 0, maxNewTokens: 0 });
    assert.equal(scored.prompt?.length, prompt.length);
    assert.deepEqual(scored.tokens, []);
  });
});
