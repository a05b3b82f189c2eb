import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';

import type { NativeEvent, NativeRequest } from '../../src/engine/native-engine.js';
import { TableEngine } from './table-engine.js';

type Finish = Extract<NativeEvent, readonly ['finish', ...unknown[]]>;

async function started(
  t: TestContext,
  options: Parameters<typeof TableEngine.create>[0] = {},
): Promise<TableEngine> {
  const engine = await TableEngine.create(options);
  t.after(() => engine.stop());
  return engine;
}

interface Text {
  readonly tokens: number[];
  readonly logprobs: number[];
  readonly text: string;
  readonly reason: string;
}

function endsInsideCharacter(engine: TableEngine, id: number): boolean {
  const finish = engine.steps
    .flat()
    .find((event): event is Finish => event[0] === 'finish' && event[1] === id);
  return finish?.[7] ?? false;
}

/** A text made in several calls, each of which goes on with what those before it gave. */
async function inParts(
  engine: TableEngine,
  request: Partial<NativeRequest>,
  counts: readonly number[],
): Promise<Text> {
  const prompt = request.prompt ?? [2, 7, 4];
  const tokens: number[] = [];
  const logprobs: number[] = [];
  let text = '';
  let reason = '';
  let unfinished = false;
  for (const maxNewTokens of counts) {
    const row = [...prompt, ...tokens];
    const { id, done } = engine.start({
      ...request,
      prompt: row,
      maxNewTokens,
      continuedTokens: tokens.length,
    });
    const part = await done;
    assert.equal(part.failure, null);
    assert.equal(part.promptTokens, row.length, 'the prompt is reported as it was given');
    tokens.push(...(part.tokens[0] ?? []));
    logprobs.push(...(part.logprobs[0] ?? []));
    text = (unfinished ? text.slice(0, -1) : text) + (part.texts[0] ?? '');
    unfinished = endsInsideCharacter(engine, id);
    reason = part.reasons[0] ?? '';
    if (reason !== 'length') break;
  }
  return { tokens, logprobs, text, reason };
}

/** Bytes of tokens, one each, in a model that recites them in order for ever. */
function reciter(bytes: readonly number[]): Parameters<typeof TableEngine.create>[0] {
  const size = bytes.length;
  const table = new Float32Array(size * size);
  for (let id = 0; id < size; id += 1) table[id * size + ((id + 1) % size)] = 5;
  return { table, pieces: bytes.map((byte) => Uint8Array.of(byte)) };
}

describe('a text in several calls is the text of one', () => {
  const sampled = { doSample: true, seed: 11, topK: 0 };
  const cases: Record<string, Partial<NativeRequest>> = {
    greedy: {},
    'sampling by philox': sampled,
    "sampling by torch's generator": { ...sampled, generator: 'torch' },
    'with penalties on what was generated': { presencePenalty: 1.5, frequencyPenalty: 0.75 },
    'with penalties on the prompt': { encoderRepetitionPenalty: 0.2 },
    'with bans of the prompt': { encoderNoRepeatNgramSize: 2 },
    'with bans at the beginning': { beginSuppressTokens: [0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11] },
    'with a score of EOS that grows': { eosTokenId: [5], exponentialDecayLengthPenalty: [18, 1.2] },
  };
  for (const [name, request] of Object.entries(cases)) {
    test(name, async (t) => {
      const engine = await started(t);
      const whole = await inParts(engine, request, [40]);
      for (const counts of [
        [20, 20],
        [1, 7, 32],
      ]) {
        assert.deepEqual(await inParts(engine, request, counts), whole);
      }
      // Not told that it continues, the second call gives something else; greedily it can't.
      const row = [2, 7, 4, ...whole.tokens.slice(0, 20)];
      const untold = await engine.run({ ...request, prompt: row, maxNewTokens: 20 });
      const same = untold.tokens[0]?.join() === whole.tokens.slice(20).join();
      assert.equal(same, name === 'greedy');
    });
  }

  test('where sequences differ by their index, each goes on as the one of its own', async (t) => {
    const engine = await started(t);
    for (const generator of ['philox', 'torch'] as const) {
      const request = { ...sampled, generator, numReturnSequences: 3 };
      const whole = await engine.run({ ...request, maxNewTokens: 12 });
      const first = await engine.run({ ...request, maxNewTokens: 5 });
      for (const [index, tokens] of first.tokens.entries()) {
        const prompt = [2, 7, 4, ...tokens];
        const second = await engine.run({ ...request, prompt, maxNewTokens: 7, continuedTokens: 5 });
        assert.deepEqual([...tokens, ...(second.tokens[index] ?? [])], whole.tokens[index]);
      }
    }
  });
});

describe('the lengths of a continued text', () => {
  test('maxNewTokens, minNewTokens and a forced end count the new tokens', async (t) => {
    const engine = await started(t);
    const request = { prompt: [2, 7, 4, 1, 6, 3], continuedTokens: 4, maxNewTokens: 6 };
    const forced = await engine.run({ ...request, eosTokenId: [9], forcedEosTokenId: [9] });
    assert.equal(forced.tokens[0]?.length, 6);
    assert.equal(forced.tokens[0].at(-1), 9);
    // EOS would come at once, and is what is left as soon as it may come.
    const eager = { ...request, eosTokenId: [9], sequenceBias: [[[9], 100]] as [number[], number][] };
    assert.deepEqual((await engine.run(eager)).tokens, [[9]]);
    const late = await engine.run({ ...eager, minNewTokens: 4 });
    assert.equal(late.tokens[0]?.indexOf(9), 4);
  });

  test('all of the prompt can be continued, and no more', async (t) => {
    const engine = await started(t);
    const all = await engine.run({ prompt: [2, 7, 4], continuedTokens: 3, maxNewTokens: 5 });
    assert.deepEqual(all.tokens, (await engine.run({ maxNewTokens: 5 })).tokens);
    for (const continuedTokens of [4, -1, 1.5, NaN]) {
      assert.throws(
        () => engine.start({ prompt: [2, 7, 4], continuedTokens }),
        /continued tokens.* 3, received/,
      );
    }
  });
});

describe('the border of two calls inside a character', () => {
  const bytes = [...new TextEncoder().encode('a€🐕é')];
  const prompt = [bytes.length - 1];

  test('gives it with the second, and the first says so', async (t) => {
    const engine = await started(t, reciter(bytes));
    for (let border = 1; border < bytes.length; border += 1) {
      const { text } = await inParts(engine, { prompt }, [border, bytes.length - border]);
      assert.equal(text, 'a€🐕é');
    }
    const byBytes = await inParts(
      engine,
      { prompt },
      bytes.map(() => 1),
    );
    assert.equal(byBytes.text, 'a€🐕é');
    const { id, done } = engine.start({ prompt, maxNewTokens: 3 });
    assert.deepEqual((await done).texts, ['a\uFFFD']);
    assert.equal(endsInsideCharacter(engine, id), true);
  });

  test('is not there where bytes are no UTF-8', async (t) => {
    const wrong = [0x61, 0xff, 0xe2, 0x82, 0x62, 0x80, 0xf0, 0x9f];
    const engine = await started(t, reciter(wrong));
    const whole = await inParts(engine, { prompt: [7] }, [24]);
    for (let border = 1; border < 24; border += 1) {
      assert.equal((await inParts(engine, { prompt: [7] }, [border, 24 - border])).text, whole.text);
    }
    const { id, done } = engine.start({ prompt: [7], maxNewTokens: 2 });
    assert.deepEqual((await done).texts, ['a\uFFFD']);
    assert.equal(endsInsideCharacter(engine, id), false);
  });

  test('a prompt that merely ends there is not given out', async (t) => {
    const engine = await started(t, reciter(bytes));
    const { texts } = await engine.run({ prompt: [1, 2], maxNewTokens: 2 });
    assert.deepEqual(texts, ['\uFFFD\uFFFD']);
  });

  test('stop strings are found across it', async (t) => {
    const engine = await started(t, reciter(bytes));
    for (const stopStrings of [['€'], ['a€'], ['a€🐕']]) {
      const { texts, reasons } = await engine.run({
        prompt: [...prompt, 0, 1, 2],
        continuedTokens: 3,
        stopStrings,
        maxNewTokens: 8,
      });
      assert.deepEqual(texts, ['']);
      assert.deepEqual(reasons, ['stop']);
    }
    const apart = await engine.run({
      prompt: [...prompt, 0, 1, 2],
      continuedTokens: 3,
      stopStrings: ['a€', '🐕'],
      stopStringsSpanPrompt: false,
      maxNewTokens: 8,
    });
    assert.deepEqual(apart.texts, ['€']);
  });

  test('a search begins anew, but its text goes on', async (t) => {
    const engine = await started(t, reciter(bytes));
    const search = { numBeams: 2, prompt: [...prompt, 0, 1, 2], maxNewTokens: 5 };
    assert.deepEqual((await engine.run({ ...search, continuedTokens: 3 })).texts, ['€🐕']);
    const anew = await engine.run({ ...search, doSample: true, seed: 4 });
    const told = await engine.run({ ...search, doSample: true, seed: 4, continuedTokens: 3 });
    assert.deepEqual(told.tokens, anew.tokens);
    assert.deepEqual(told.scores, anew.scores);
  });
});
