import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { before, describe, test, type TestContext } from 'node:test';

import { loadAddon, packageRoot, type NativeModel } from '../../src/engine/addon.js';
import { openBackend } from '../../src/engine/backend.js';
import { EngineProcess } from '../../src/engine/engine-process.js';
import { randomNumbers } from '../e2e/random.js';
import { hasCode } from './conformance.js';
import { GoodModel } from './damage.js';
import { shippedEngineOptions, shippedModel } from './shipped-model.js';

const LLAMA = path.join(packageRoot(), 'models', 'glossa-sprout-alpaca', 'glossa-sprout-alpaca-q8_0.gguf');
const USER_DEFINED = 4;

const addon = loadAddon();
before(async () => {
  await openBackend(addon, 'off');
});
const load = async (modelPath: string): Promise<NativeModel> =>
  await addon.loadModel({ path: modelPath, gpuLayers: 0, adapters: [] }, () => undefined);

/** A model of whose tokens some are made user-defined, so that they are looked for in every text. */
async function withUserDefined(t: TestContext, modelPath: string, wanted: string[]): Promise<NativeModel> {
  const model = await GoodModel.read(modelPath);
  const folder = await mkdtemp(path.join(tmpdir(), 'glossa-special-'));
  t.after(() => rm(folder, { recursive: true }));
  const tokens = stringsIn(model, 'tokenizer.ggml.tokens');
  const key = 'tokenizer.ggml.token_type';
  // Behind the key: the type of an array (4 bytes), that of its elements (4), how many (8).
  const first = model.bytes.indexOf(key) + key.length + 16;
  const edited = model.edited((copy) => {
    for (const text of wanted) {
      const id = tokens.indexOf(text);
      assert.ok(id >= 0, text);
      copy.writeInt32LE(USER_DEFINED, first + 4 * id);
    }
  });
  const file = path.join(folder, 'model.gguf');
  await writeFile(file, edited);
  return await load(file);
}

function stringsIn(model: GoodModel, key: string): string[] {
  const texts: string[] = [];
  let at = model.bytes.indexOf(key) + key.length + 8;
  const count = Number(model.bytes.readBigUInt64LE(at));
  at += 8;
  while (texts.length < count) {
    const length = Number(model.bytes.readBigUInt64LE(at));
    texts.push(model.bytes.toString('utf8', at + 8, at + 8 + length));
    at += 8 + length;
  }
  return texts;
}

async function checkEqual(model: NativeModel, pieces: readonly string[], seeds: number): Promise<void> {
  let specials = 0;
  for (let seed = 1; seed <= seeds; seed += 1) {
    // Seeds that are small give small numbers first.
    const next = randomNumbers(Math.imul(seed, 2_654_435_761));
    let text = '';
    for (let left = Math.floor(next() * 60); left >= 0; left -= 1)
      text += pieces[Math.floor(next() * pieces.length)] ?? '';
    for (const addSpecial of [false, true]) {
      const whole = model.tokenizeAtOnce(text, addSpecial, true);
      assert.deepEqual(await model.tokenize(text, addSpecial, true), whole, JSON.stringify(text));
      const unparsed = model.tokenizeAtOnce(text, addSpecial, false);
      assert.deepEqual(await model.tokenize(text, addSpecial, false), unparsed, JSON.stringify(text));
      if (JSON.stringify(whole) !== JSON.stringify(unparsed)) specials += 1;
    }
  }
  assert.ok(specials > seeds / 2, `${specials}`);
}

const WORDS = [
  'The',
  ' dog',
  ' ',
  '  ',
  '\n',
  ' \n',
  'ä',
  '犬',
  '😀',
  '▁',
  '<',
  '<|',
  '|>',
  '>',
  's>',
  '</',
  'x',
];
const SPECIALS = ['<|endoftext|>', '<s>', '</s>', '<unk>'];

describe('texts with special tokens have the tokens that llama.cpp gives the whole', () => {
  for (const [name, modelPath] of [
    ['gpt2', shippedModel],
    ['llama', LLAMA],
  ] as const) {
    test(name, async () => {
      await checkEqual(await load(modelPath), [...WORDS, ...SPECIALS, ...SPECIALS, ...SPECIALS], 200);
    });

    test(`${name}, with user-defined ones that overlap`, async (t) => {
      const wanted = ['he', 'her', 'hen', 'en', 'ent', 'er', 'ter', 'ing', 'ng', 're', 'ore', 'ou'];
      const model = await withUserDefined(t, modelPath, wanted);
      const pieces = [...wanted, ...wanted, 't', 'h', 'e', 'n', 'g', 'o', 'r', 'i', ...WORDS, ...SPECIALS];
      await checkEqual(model, pieces, 300);
      // They are found where special tokens are not asked for, too.
      const texts = (await model.tokenize('xherex', false, false)).map((id) => model.detokenize([id]).trim());
      assert.ok(texts.includes('her') && !texts.includes('here'), texts.join());
    });
  }

  test('an empty text, and one special token', async () => {
    const model = await load(LLAMA);
    for (const text of ['', '</s>', '</s></s>'])
      for (const flags of [0, 1, 2, 3]) {
        const [addSpecial, parseSpecial] = [(flags & 1) > 0, (flags & 2) > 0];
        assert.deepEqual(
          await model.tokenize(text, addSpecial, parseSpecial),
          model.tokenizeAtOnce(text, addSpecial, parseSpecial),
        );
      }
  });
});

async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

/** How much more processor time 16 times as much takes, by the least of some rounds: 16 if it grows with the length. */
async function growth(work: (count: number) => Promise<unknown>): Promise<number> {
  const least = async (count: number): Promise<number> => {
    let microseconds = Infinity;
    for (let round = 0; round < 3; round += 1) {
      const before = process.cpuUsage();
      await work(count);
      const { user, system } = process.cpuUsage(before);
      microseconds = Math.min(microseconds, user + system);
    }
    return microseconds;
  };
  return (await least(160_000)) / (await least(10_000));
}

/** Half way, on a scale of factors, between what is linear and what is quadratic. */
const MOST_GROWTH = 64;

test('texts with unknown characters have the tokens that llama.cpp gives the whole', async () => {
  for (const modelPath of [shippedModel, LLAMA]) {
    const model = await load(modelPath);
    const pieces = [...WORDS, '\n\n', '😀🐕', '犬', ' 犬', '犬 ', 'жизнь', '\u0001', '</s>'];
    for (let seed = 1; seed <= 20; seed += 1) {
      const next = randomNumbers(Math.imul(seed, 2_654_435_761));
      let text = '';
      while (text.length < 10_000) text += pieces[Math.floor(next() * (pieces.length - (seed % 2)))] ?? '';
      assert.deepEqual(await model.tokenize(text, true, true), model.tokenizeAtOnce(text, true, true));
    }
  }
});

test('the time that many unknown characters take grows with their number', async () => {
  const model = await load(LLAMA);
  for (const text of ['\n', '😀', 'a\n']) {
    const ratio = await growth((count) => model.tokenize(text.repeat(count), false, false));
    assert.ok(ratio < MOST_GROWTH, `${ratio}`);
  }
});

describe('the time that many special tokens take', () => {
  for (const [name, modelPath, text] of [
    ['gpt2', shippedModel, '<|endoftext|>'],
    ['gpt2, words between', shippedModel, 'a<|endoftext|> '],
    ['llama', LLAMA, '</s><s>'],
  ] as const) {
    test(`grows with their number: ${name}`, async () => {
      const model = await load(modelPath);
      const ratio = await growth((count) => model.tokenize(text.repeat(count), false, true));
      assert.ok(ratio < MOST_GROWTH, `${ratio}`);
    });
  }

  test('grows with their number: user-defined ones', async (t) => {
    const model = await withUserDefined(t, shippedModel, ['her', 'he', 're', 'en']);
    const ratio = await growth((count) => model.tokenize('herenx'.repeat(count), false, false));
    assert.ok(ratio < MOST_GROWTH, `${ratio}`);
  });
});

describe('a text with many special tokens', () => {
  test('is given up between two of them', async () => {
    const model = await load(shippedModel);
    await assert.rejects(
      model.tokenize('a<|endoftext|>', false, true, Int32Array.of(1)),
      /the tokenization was stopped/,
    );
    assert.deepEqual(await model.tokenize('a', false, true, new Int32Array(1)), [64]);
  });

  test('does not hold up others when its client has left', async (t) => {
    const engine = await EngineProcess.start(shippedEngineOptions({ parallelSequences: 1 }));
    t.after(() => engine.close());
    const long = 'a<|endoftext|>'.repeat(100_000);
    const time = await timeOf(() => engine.tokenize(long, { parseSpecial: true }));
    const controller = new AbortController();
    const { signal } = controller;
    const given = [1, 2].map(() =>
      assert.rejects(engine.tokenize(long, { parseSpecial: true, signal }), hasCode('CANCELLED')),
    );
    // The process has them by the time that it answers this.
    await engine.stats();
    controller.abort();
    await Promise.all(given);
    const after = await timeOf(() => engine.tokenize('The dog'));
    assert.ok(after < time / 2, `${after} of ${time}`);
  });
});
