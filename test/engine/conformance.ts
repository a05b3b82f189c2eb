import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import type { Engine, Generation } from '../../src/engine/engine.js';
import { GlossaError } from '../../src/errors.js';
import { tokensTaken, type FinishEvent, type GenerationEvent } from '../../src/generation/events.js';
import type { GenerationRequestInput } from '../../src/generation/request.js';

/** What the suite needs to know of an implementation. */
export interface ConformanceOptions {
  /** A new engine; the suite closes it. */
  readonly make: () => Promise<Engine>;
  /** Tokens that take the engine a second or so: long enough to be interrupted. Default 200. */
  readonly longLength?: number;
}

const PROMPT = 'The little dog';

/** What every engine must do, whatever is behind it. */
export function describeEngine(name: string, { make, longLength = 200 }: ConformanceOptions): void {
  const short: GenerationRequestInput = { prompt: PROMPT, maxNewTokens: 5, eosTokenId: [] };
  const long: GenerationRequestInput = {
    prompt: PROMPT,
    maxNewTokens: longLength,
    eosTokenId: [],
    doSample: true,
    seed: 1,
  };

  describe(`${name}: events`, () => {
    let engine: Engine;
    before(async () => {
      engine = await make();
    });
    after(() => engine.close());

    test('come in order: prompt, tokens, finish', async () => {
      const events = await collect(engine.generate(short));
      assert.deepEqual(
        events.map((event) => event.type),
        ['prompt', ...Array<string>(5).fill('token'), 'finish'],
      );
    });

    test('tell the counts of prompt and new tokens', async () => {
      const tokens = await engine.tokenize(PROMPT, { addSpecial: true });
      const events = await collect(engine.generate({ ...short, prompt: tokens }));
      const [prompt] = events;
      assert.ok(prompt?.type === 'prompt');
      assert.equal(prompt.promptTokens, tokens.length);
      assert.ok(prompt.cachedTokens >= 0 && prompt.cachedTokens <= tokens.length);
      const [finish] = finishes(events);
      assert.equal(finish?.generatedTokens, 5);
      assert.equal(finish.finishReason, 'length');
    });

    test('hold log-probabilities and the text of the tokens', async () => {
      const events = await collect(engine.generate(short));
      const tokens = events.filter((event) => event.type === 'token');
      assert.ok(tokens.every((token) => token.logprob <= 0 && Number.isInteger(token.tokenId)));
      const text = events.map((event) => (event.type === 'prompt' ? '' : event.text)).join('');
      assert.equal(text, await engine.detokenize(tokens.map((token) => token.tokenId)));
    });

    test('end every one of several sequences once, and nothing of it follows', async () => {
      const events = await collect(engine.generate({ ...long, maxNewTokens: 8, numReturnSequences: 3 }));
      assert.deepEqual(
        finishes(events)
          .map((event) => event.sequence)
          .toSorted(),
        [0, 1, 2],
      );
      assertNothingAfterFinish(events);
      assert.equal(events.filter((event) => event.type === 'prompt').length, 1);
    });

    test('are the same for the same seed', async () => {
      const request = { ...long, maxNewTokens: 16 };
      const [first, second] = [
        await collect(engine.generate(request)),
        await collect(engine.generate(request)),
      ];
      assert.deepEqual(tokenIds(first), tokenIds(second));
    });

    test('tell the request as it runs, filled up from the defaults that came with it', async () => {
      const { maxNewTokens: _, ...request } = long;
      const generation = engine.generate(request, { defaults: { maxNewTokens: 3, topK: 7, seed: 5 } });
      assert.equal((await collect(generation)).filter((event) => event.type === 'token').length, 3);
      const { topK, topP, seed } = generation.request;
      assert.deepEqual([topK, topP, seed], [7, 1, 1]);
    });

    test('draw a seed that is told', async () => {
      const { seed: _, ...request } = { ...long, maxNewTokens: 12 };
      const drawn = engine.generate(request);
      const again = engine.generate({ ...request, seed: drawn.request.seed });
      assert.deepEqual(tokenIds(await collect(drawn)), tokenIds(await collect(again)));
    });

    test('keep to a length that counts the prompt', async () => {
      const prompt = await engine.tokenize(PROMPT);
      const events = await collect(engine.generate({ prompt, maxLength: prompt.length + 4, eosTokenId: [] }));
      assert.equal(finishes(events)[0]?.generatedTokens, 4);
    });

    test('tell with the last sequence of a search what all of its beams took', async () => {
      const events = await collect(engine.generate({ ...short, numBeams: 4, numReturnSequences: 2 }));
      const ends = finishes(events);
      const discarded = ends.at(-1)?.search?.discarded ?? -1;
      // Of the 20, the two that are returned may have some in common.
      assert.ok(discarded >= 10 && discarded < 15, String(discarded));
      assert.deepEqual(
        ends.map(({ search, generatedTokens }) => ({ search, generatedTokens })),
        [
          { search: { chosen: 0, discarded: 0 }, generatedTokens: 5 },
          { search: { chosen: 20, discarded }, generatedTokens: 5 },
        ],
      );
      assert.equal(
        ends.reduce((sum, end) => sum + tokensTaken(end), 0),
        20,
      );
      const [sampled] = finishes(await collect(engine.generate(short)));
      assert.equal(sampled?.search, undefined);
      assert.equal(sampled && tokensTaken(sampled), 5);
    });

    test('end at the deadline with what there is', async () => {
      const events = await collect(engine.generate({ ...long, maxTime: 0.05 }));
      const [finish] = finishes(events);
      assert.equal(finish?.finishReason, 'deadline');
      assert.ok(finish.generatedTokens < longLength);
    });
  });

  describe(`${name}: requests that break a rule`, () => {
    let engine: Engine;
    before(async () => {
      engine = await make();
    });
    after(() => engine.close());

    const bad: readonly [string, GenerationRequestInput, string][] = [
      ['a temperature of 0', { ...long, temperature: 0 }, 'temperature'],
      ['no new tokens', { ...short, maxNewTokens: 0 }, 'maxNewTokens'],
      ['several greedy sequences', { ...short, numReturnSequences: 2 }, 'numReturnSequences'],
      ['more sequences than beams', { ...short, numBeams: 2, numReturnSequences: 3 }, 'numReturnSequences'],
      ['a least number above the greatest', { ...short, minNewTokens: 6 }, 'minNewTokens'],
      ['an empty bad word', { ...short, badWordsIds: [[]] }, 'badWordsIds'],
      ['NUL in the prompt', { ...short, prompt: 'a\0b' }, 'prompt'],
      ['a lone surrogate in the prompt', { ...short, prompt: '\uD800' }, 'prompt'],
      ['an unknown parameter', { ...short, nonsense: 1 } as GenerationRequestInput, 'request'],
    ];
    for (const [what, request, param] of bad) {
      test(`${what} is refused at once`, () => {
        assert.throws(() => engine.generate(request), hasCode('INVALID_REQUEST', param));
      });
    }

    test('leave the engine able to go on', async () => {
      assert.equal(finishes(await collect(engine.generate(short))).length, 1);
    });
  });

  describe(`${name}: cancelling`, () => {
    let engine: Engine;
    before(async () => {
      engine = await make();
    });
    after(() => engine.close());

    test('one sequence leaves the others running', async () => {
      const request = { ...long, maxNewTokens: 40, numReturnSequences: 3 };
      const generation = engine.generate(request);
      const events: GenerationEvent[] = [];
      for await (const event of generation) {
        events.push(event);
        if (event.type === 'token' && event.sequence === 1) generation.cancel(1);
      }
      const reasons = new Map(finishes(events).map((event) => [event.sequence, event.finishReason]));
      assert.deepEqual([reasons.get(0), reasons.get(1), reasons.get(2)], ['length', 'cancelled', 'length']);
      assertNothingAfterFinish(events);
    });

    test('all sequences ends the iteration', async () => {
      const generation = engine.generate({ ...long, numReturnSequences: 2 });
      const events = await collect(generation, (event) => {
        if (event.type === 'token') generation.cancel();
      });
      assert.deepEqual(
        finishes(events).map((event) => event.finishReason),
        ['cancelled', 'cancelled'],
      );
    });

    test('before the first event ends the iteration', async () => {
      const generation = engine.generate(long);
      generation.cancel();
      assert.deepEqual(
        finishes(await collect(generation)).map((event) => event.finishReason),
        ['cancelled'],
      );
    });

    test('by a signal ends the iteration', async () => {
      const controller = new AbortController();
      const generation = engine.generate(long, { signal: controller.signal });
      const events = await collect(generation, (event) => {
        if (event.type === 'token') controller.abort();
      });
      assert.equal(finishes(events)[0]?.finishReason, 'cancelled');
    });

    test('by a signal that was aborted before', async () => {
      const events = await collect(engine.generate(long, { signal: AbortSignal.abort() }));
      assert.equal(finishes(events)[0]?.finishReason, 'cancelled');
    });

    test('twice, or after the end, or a sequence that does not exist, does nothing', async () => {
      const generation = engine.generate(short);
      generation.cancel(7);
      await collect(generation);
      generation.cancel();
      generation.cancel(0);
      assert.equal(finishes(await collect(engine.generate(short))).length, 1);
    });

    test('by leaving the loop frees the sequences', async () => {
      for await (const event of engine.generate({ ...long, numReturnSequences: 4 })) {
        if (event.type === 'token') break;
      }
      await eventually(async () => (await engine.stats()).activeSequences === 0);
    });
  });

  describe(`${name}: operation x state`, () => {
    const operations: Readonly<Record<string, (engine: Engine) => Promise<unknown>>> = {
      generate: async (engine) => await collect(engine.generate(short)),
      tokenize: (engine) => engine.tokenize(PROMPT),
      detokenize: (engine) => engine.detokenize([1, 2]),
      embed: (engine) => checkedEmbeddings(engine),
      stats: (engine) => engine.stats(),
    };
    const states: Readonly<Record<string, (engine: Engine) => Promise<Generation | undefined>>> = {
      idle: () => Promise.resolve(undefined),
      streaming: async (engine) => {
        const generation = engine.generate(long);
        await firstToken(generation);
        return generation;
      },
      aborted: async (engine) => {
        const controller = new AbortController();
        const generation = engine.generate(long, { signal: controller.signal });
        await firstToken(generation);
        controller.abort();
        return generation;
      },
    };
    for (const [state, enter] of Object.entries(states)) {
      for (const [operation, perform] of Object.entries(operations)) {
        test(`${operation} works while ${state}`, () =>
          withEngine(make, async (engine) => {
            const generation = await enter(engine);
            assert.notEqual(await perform(engine), undefined);
            generation?.cancel();
          }));
      }
      test(`close works while ${state}, twice`, () =>
        withEngine(make, async (engine) => {
          await enter(engine);
          await Promise.all([engine.close(), engine.close()]);
          await engine.close();
        }));
    }
    for (const [operation, perform] of Object.entries(operations)) {
      test(`${operation} fails with CLOSED once closed`, () =>
        withEngine(make, async (engine) => {
          await engine.close();
          await assert.rejects(() => perform(engine), hasCode('CLOSED'));
        }));
    }

    test('close ends what is streaming', () =>
      withEngine(make, async (engine) => {
        const generation = engine.generate(long);
        const ended = collect(generation).catch((error: unknown) => error);
        await engine.close();
        const outcome = await ended;
        if (Array.isArray(outcome))
          assert.equal(finishes(outcome as GenerationEvent[])[0]?.finishReason, 'cancelled');
        else assert.ok(outcome instanceof GlossaError && ['CLOSED', 'CANCELLED'].includes(outcome.code));
      }));
  });
}

/** Embeds text and its ids, and checks that their vectors are one, of length 1. */
async function checkedEmbeddings(engine: Engine): Promise<Float32Array[]> {
  const tokens = await engine.tokenize(PROMPT, { addSpecial: true });
  const { vectors, promptTokens } = await engine.embed([PROMPT, tokens.slice(0, 1), tokens]);
  assert.deepEqual(promptTokens, [tokens.length, 1, tokens.length]);
  for (const vector of vectors) assert.ok(Math.abs(Math.hypot(...vector) - 1) < 1e-5);
  const [text, , ids] = vectors;
  assert.ok(text?.every((value, place) => Math.abs(value - (ids?.[place] ?? NaN)) < 1e-2));
  return [...vectors];
}

/** All events of a generation. */
export async function collect(
  generation: Generation,
  onEvent: (event: GenerationEvent) => void = () => undefined,
): Promise<GenerationEvent[]> {
  const events: GenerationEvent[] = [];
  for await (const event of generation) {
    events.push(event);
    onEvent(event);
  }
  return events;
}

/** For assert.throws and assert.rejects: a GlossaError of that code, and of that parameter if one is given. */
export function hasCode(code: string, param?: string): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof GlossaError, String(error));
    assert.equal(error.code, code);
    if (param !== undefined) assert.equal(error.param, param);
    return true;
  };
}

/** Waits until a condition holds. Fails after ten seconds. */
export async function eventually(holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!(await holds())) {
    assert.ok(performance.now() < deadline, 'the condition did not come true in time');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function finishes(events: readonly GenerationEvent[]): FinishEvent[] {
  return events.filter((event) => event.type === 'finish');
}

function tokenIds(events: readonly GenerationEvent[]): number[] {
  return events.flatMap((event) => (event.type === 'token' ? [event.tokenId] : []));
}

function assertNothingAfterFinish(events: readonly GenerationEvent[]): void {
  const ended = new Set<number>();
  for (const event of events) {
    if (event.type === 'prompt') continue;
    assert.ok(!ended.has(event.sequence), `sequence ${event.sequence} had ended`);
    if (event.type === 'finish') ended.add(event.sequence);
  }
}

/** Waits for the first token without leaving the loop, which would cancel. */
async function firstToken(generation: Generation): Promise<void> {
  const iterator = generation[Symbol.asyncIterator]();
  for (;;) {
    const result = await iterator.next();
    if (result.done === true || result.value.type === 'token') return;
  }
}

async function withEngine(
  make: () => Promise<Engine>,
  use: (engine: Engine) => Promise<void>,
): Promise<void> {
  const engine = await make();
  try {
    await use(engine);
  } finally {
    await engine.close();
  }
}
