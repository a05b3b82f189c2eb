import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';

import type { NativeRequest } from '../../src/engine/native-engine.js';
import { randomNumbers } from '../e2e/random.js';
import { hashTable, TableEngine } from './table-engine.js';

/** Few characters, so that stop strings are found, overlap and almost come about; of one to four bytes, and none at all. */
const CHARACTERS = ['a', 'a', 'b', 'b', 'ab', '\n', 'é', '€', '🐕', '\uFFFD'].map((text) =>
  Buffer.from(text),
);
const NO_CHARACTERS = [[0xff], [0x82], [0xe2, 0x82], [0xf0, 0x9f], [0xed, 0xa0, 0x80], [0xc0]].map((bytes) =>
  Buffer.from(bytes),
);
const TOKENS = 96;

type Draw = (below: number) => number;

function drawOf(seed: number): Draw {
  const next = randomNumbers(seed * 2_654_435 + 1);
  return (below) => Math.floor(next() * below);
}

function pick<T>(draw: Draw, items: readonly T[]): T {
  const item = items[draw(items.length)];
  if (item === undefined) throw new Error('nothing to choose from');
  return item;
}

/** Tokens of 0 to 6 bytes, cut out of random text wherever it happens to be. */
function randomPieces(draw: Draw): Buffer[] {
  return Array.from({ length: TOKENS }, () => {
    const text = Buffer.concat(
      Array.from({ length: 8 }, () => pick(draw, draw(12) === 0 ? NO_CHARACTERS : CHARACTERS)),
    );
    const start = draw(4);
    return text.subarray(start, start + pick(draw, [0, 1, 1, 1, 1, 2, 2, 3, 4, 6]));
  });
}

/** Stop strings: parts of what is said, all of it, beginnings and ends of each other, or what hardly comes. */
function randomStops(draw: Draw, said: string): string[] {
  const characters = Array.from(said);
  const part = (): string => {
    const start = draw(characters.length);
    return characters.slice(start, start + 1 + draw(6)).join('');
  };
  const stops: string[] = [];
  const wanted = 1 + draw(5);
  while (stops.length < wanted) {
    const last = Array.from(stops.at(-1) ?? 'ab');
    const stop = [
      part,
      part,
      () => part() + pick(draw, ['a', 'é', '🐕', 'x']),
      () => said,
      () => said + 'b',
      () => last.slice(0, 1 + draw(last.length)).join(''),
      () => last.slice(draw(last.length)).join('') + 'b',
      () => last.join('') + last.join(''),
      () => 'b'.repeat(1 + draw(4)) + 'a',
    ][draw(9)]?.();
    if (stop !== undefined && stop !== '') stops.push(stop);
  }
  return stops;
}

const decoded = (bytes: Uint8Array): string => new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);

interface Said {
  readonly text: string;
  readonly stopped: boolean;
  /** What has been given out after each token. */
  readonly given: readonly string[];
}

/**
 * What a row of tokens comes to, written down as simply as it can be said: a stop string that ends in what a token
 * makes certain of the text ends it where the first of those begins; what could still be the beginning of one is not
 * given out.
 */
function reference(tokens: readonly Buffer[], stops: readonly string[], context = ''): Said {
  const given: string[] = [];
  const textBefore = (end: number, text: string): string =>
    text.slice(context.length, Math.max(context.length, end));
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  let text = context;
  for (const token of tokens) {
    const before = text.length;
    text += decoder.decode(token, { stream: true });
    const start = firstStop(text, before, stops);
    if (start !== undefined) {
      const cut = textBefore(start, text);
      return { text: cut, stopped: true, given: [...given, cut] };
    }
    given.push(textBefore(text.length - unfinished(text, stops), text));
  }
  const before = text.length;
  text += decoder.decode();
  return { text: textBefore(firstStop(text, before, stops) ?? text.length, text), stopped: false, given };
}

/** Where the first of the stop strings begins that end behind a place. */
function firstStop(text: string, before: number, stops: readonly string[]): number | undefined {
  const starts = stops.map((stop) => text.indexOf(stop, Math.max(0, before + 1 - stop.length)));
  const found = starts.filter((start) => start >= 0);
  return found.length === 0 ? undefined : Math.min(...found);
}

/** How much of a text's end a stop string begins with. */
function unfinished(text: string, stops: readonly string[]): number {
  const lengths = stops.map((stop) => {
    let length = stop.length - 1;
    while (!text.endsWith(stop.slice(0, length))) length -= 1;
    return length;
  });
  return Math.max(0, ...lengths);
}

/** A model that says any of its tokens after any other. */
async function babbler(
  t: TestContext,
  draw: Draw,
  table: Float32Array = new Float32Array(TOKENS * TOKENS),
): Promise<{ engine: TableEngine; pieces: Buffer[] }> {
  const pieces = randomPieces(draw);
  const engine = await TableEngine.create({ pieces, table });
  t.after(() => engine.stop());
  return { engine, pieces };
}

/** What had been given out of a sequence after each of its tokens. */
function givenOut(engine: TableEngine, id: number, sequence: number): string[] {
  let text = '';
  return engine.steps.flat().flatMap((event) => {
    if (event[0] !== 'token' || event[1] !== id || event[2] !== sequence) return [];
    text += event[5];
    return [text];
  });
}

const sampled: Partial<NativeRequest> = { doSample: true, topK: 0, numReturnSequences: 2 };

describe('random stop strings, whatever tokens cut and whatever bytes they hold', () => {
  for (let model = 1; model <= 12; model += 1) {
    test(`leave nothing of themselves, and all of the rest: model ${model}`, async (t) => {
      const draw = drawOf(model);
      const { engine, pieces } = await babbler(t, draw);
      const bytesOf = (ids: readonly number[]): Buffer[] => ids.map((id) => pieces[id] ?? Buffer.alloc(0));
      let stopped = 0;
      for (let round = 0; round < 150; round += 1) {
        const prompt = Array.from({ length: 3 }, () => draw(TOKENS));
        const request = { ...sampled, prompt, seed: round, maxNewTokens: 1 + draw(24) };
        const free = await engine.run(request);
        const rows = free.tokens.map(bytesOf);
        const stopStrings = randomStops(draw, decoded(Buffer.concat(rows[0] ?? [])));
        const stopStringsSpanPrompt = draw(3) === 0;
        engine.steps.length = 0;
        const { id, done } = engine.start({ ...request, stopStrings, stopStringsSpanPrompt });
        const { texts, reasons } = await done;
        for (const [sequence, row] of rows.entries()) {
          const context = stopStringsSpanPrompt ? decoded(Buffer.concat(bytesOf(prompt))) : '';
          const expected = reference(row, stopStrings, context);
          const what = JSON.stringify({
            round,
            stopStrings,
            row: row.map((bytes) => bytes.toString('latin1')),
          });
          assert.equal(texts[sequence], expected.text, what);
          assert.equal(reasons[sequence], expected.stopped ? 'stop' : 'length', what);
          assert.deepEqual(givenOut(engine, id, sequence), expected.given, what);
          assert.ok(decoded(Buffer.concat(row)).startsWith(expected.text), what);
          for (const stop of stopStrings) assert.ok(!expected.text.includes(stop), what);
          stopped += expected.stopped ? 1 : 0;
        }
      }
      assert.ok(stopped > 60 && stopped < 280, `${stopped} of 300 were stopped`);
    });
  }

  test('leave the same of what beams find', async (t) => {
    const draw = drawOf(99);
    const { engine, pieces } = await babbler(t, draw, hashTable(TOKENS, 5));
    const bytesOf = (ids: readonly number[]): Buffer[] => ids.map((id) => pieces[id] ?? Buffer.alloc(0));
    let stopped = 0;
    for (let round = 0; round < 120; round += 1) {
      const prompt = Array.from({ length: 3 }, () => draw(TOKENS));
      const request = { prompt, numBeams: 3, numReturnSequences: 3, maxNewTokens: 1 + draw(16) };
      const free = await engine.run(request);
      const stopStrings = randomStops(draw, decoded(Buffer.concat(bytesOf(free.tokens[0] ?? []))));
      const stopStringsSpanPrompt = draw(3) === 0;
      const found = await engine.run({ ...request, stopStrings, stopStringsSpanPrompt });
      for (const [result, ids] of found.tokens.entries()) {
        const context = stopStringsSpanPrompt ? decoded(Buffer.concat(bytesOf(prompt))) : '';
        const expected = reference(bytesOf(ids), stopStrings, context);
        const what = JSON.stringify({ round, stopStrings, ids });
        assert.equal(found.texts[result], expected.text, what);
        assert.equal(found.reasons[result], expected.stopped ? 'stop' : 'length', what);
        assert.equal(expected.given.length, ids.length, `tokens after the stop string: ${what}`);
        stopped += expected.stopped ? 1 : 0;
      }
    }
    assert.ok(stopped > 40, `${stopped} were stopped`);
  });
});
