import assert from 'node:assert/strict';
import path from 'node:path';
import { before, describe, test, type TestContext } from 'node:test';

import { loadAddon, packageRoot, type NativeModel } from '../../src/engine/addon.js';
import { openBackend } from '../../src/engine/backend.js';
import type { EngineOptions } from '../../src/engine/engine.js';
import { EngineProcess } from '../../src/engine/engine-process.js';
import { splitPrompt } from '../../src/engine/split-prompt.js';
import { leastTokens } from '../../src/engine/text-bounds.js';
import { randomNumbers } from '../e2e/random.js';
import { sentencePieceBytes, shippedTokenBytes } from '../native/token-bytes.js';
import { collect, hasCode } from './conformance.js';
import { shippedEngineOptions, shippedModel } from './shipped-model.js';

const MODELS: Readonly<Record<string, string>> = {
  gpt2: shippedModel,
  llama: path.join(packageRoot(), 'models', 'glossa-sprout-alpaca', 'glossa-sprout-alpaca-q8_0.gguf'),
};
/** What words are made of. */
const ALPHABETS = [
  'abcdefghijklmnopqrstuvwxyz',
  'the',
  'äöüßéñ',
  'жизнь',
  '犬が走る山',
  '😀🐕',
  '0123456789',
  '.,!?\'"',
  '▁',
].map((letters) => Array.from(letters));
const GAPS = [' ', ' ', ' ', ' ', '  ', '\n', '\t', '. ', '\u00A0'];

function randomText(
  seed: number,
  length: number,
  alphabets: readonly (readonly string[])[] = ALPHABETS,
  gaps: readonly string[] = GAPS,
): string {
  const next = randomNumbers(seed);
  const draw = (below: number): number => Math.floor(next() * below);
  let text = '';
  while (text.length < length) {
    const letters = alphabets[draw(alphabets.length)] ?? [];
    for (let left = alphabets === ALPHABETS ? draw(12) : 0; left >= 0; left -= 1)
      text += letters[draw(letters.length)] ?? '';
    text += gaps[draw(gaps.length)] ?? '';
  }
  return text;
}

async function start(t: TestContext, options: Partial<EngineOptions> = {}): Promise<EngineProcess> {
  const engine = await EngineProcess.start(shippedEngineOptions({ parallelSequences: 1, ...options }));
  t.after(() => engine.close());
  return engine;
}

const addon = loadAddon();
before(async () => {
  await openBackend(addon, 'off');
});
const load = async (modelPath: string): Promise<NativeModel> =>
  await addon.loadModel({ path: modelPath, gpuLayers: 0, adapters: [] }, () => undefined);

/** A model's tokens of the longest texts. */
function longPieces(model: NativeModel): string[] {
  return Array.from({ length: model.info().vocabularySize }, (_, id) => model.detokenize([id]))
    .filter((text) => !text.includes('\uFFFD'))
    .toSorted((a, b) => b.length - a.length)
    .slice(0, 50);
}

describe('the longest token', () => {
  const longest = (pieces: readonly (Buffer | string)[]): number =>
    Math.max(...pieces.map((piece) => Buffer.byteLength(piece)));

  test("is the vocabulary's, in bytes that it stands for", async () => {
    const model = await load(shippedModel);
    const special = longest(['<|endoftext|>']);
    assert.equal(model.info().longestTokenBytes, Math.max(special, longest(shippedTokenBytes(model))));
  });

  test('counts a space of SentencePiece as the three bytes that it may be written with', async () => {
    const model = await load(MODELS['llama'] ?? '');
    const marked = sentencePieceBytes(model).map((bytes) => bytes.toString().replaceAll(' ', '▁'));
    const { longestTokenBytes } = model.info();
    // A space at a token's start may be missing in what it shows.
    assert.ok(longestTokenBytes >= longest(marked), `${longestTokenBytes}`);
    assert.ok(longestTokenBytes <= longest(marked) + 3, `${longestTokenBytes}`);
    const text = '▁'.repeat(300);
    assert.ok((await model.tokenize(text, false, false)).length >= leastTokens(text, model.info()));
  });

  for (const [name, modelPath] of Object.entries(MODELS)) {
    test(`tells no more tokens than a text has: ${name}`, async () => {
      const model = await load(modelPath);
      const texts = [
        ...longPieces(model).map((text) => text.repeat(20)),
        '    '.repeat(500),
        '▁'.repeat(900),
      ];
      for (let seed = 1; seed <= 30; seed += 1) texts.push(randomText(seed, 500));
      for (const text of texts) {
        const tokens = await model.tokenize(text, false, false);
        assert.ok(tokens.length >= leastTokens(text, model.info()), JSON.stringify(text.slice(0, 40)));
      }
    });
  }
});

for (const [name, modelPath] of Object.entries(MODELS)) {
  test(`the wanted tokens of a cut text are those of the whole: ${name}`, async (t) => {
    const engine = await start(t, { modelPath });
    const pieces = longPieces(await load(modelPath)).filter((piece) => /^ ?\p{L}+$/u.test(piece));
    assert.ok(pieces.length > 10);
    const lengths: number[] = [];
    for (let seed = 1; seed <= 40; seed += 1) {
      // Every other text has few tokens for its length, so that the cut comes close to the wanted ones.
      const text =
        seed % 2 === 0
          ? randomText(seed, 12_000 + 7 * seed)
          : randomText(seed, 20_000, [pieces.map((piece) => piece.trim())], [' ']);
      const wanted = [1, 17, 64, 200][(seed >> 1) % 4] ?? 0;
      const whole = await splitPrompt(engine, text);
      const cut = await splitPrompt(engine, text, { wanted });
      assert.deepEqual(cut.tokens.slice(-wanted), whole.tokens.slice(-wanted), `seed ${seed}`);
      assert.deepEqual(cut.start, whole.start);
      assert.ok(cut.tokens.length >= wanted);
      lengths.push(cut.tokens.length / whole.tokens.length);
    }
    assert.ok(Math.max(...lengths) < 0.9, `nothing was cut: ${lengths.join()}`);
  });
}

describe('calls for tokens', () => {
  test('count in the queue limit', async (t) => {
    const engine = await start(t, { queueLimit: 1 });
    const given = [engine.tokenize('The dog'), engine.detokenize([300])];
    await assert.rejects(engine.tokenize('The'), hasCode('OVERLOADED'));
    await assert.rejects(engine.detokenize([1]), hasCode('OVERLOADED'));
    assert.throws(() => engine.generate({ prompt: 'The' }), hasCode('OVERLOADED'));
    await Promise.all(given);
    assert.equal(await engine.detokenize(await engine.tokenize('The dog')), 'The dog');
  });

  test('end when their signal is aborted, and free their places at once', async (t) => {
    const engine = await start(t, { queueLimit: 2 });
    const controller = new AbortController();
    const { signal } = controller;
    const long = randomText(1, 40_000);
    const given = [
      engine.tokenize(long, { signal }),
      engine.tokenize(long, { signal }),
      engine.detokenize([300], { signal }),
    ].map((call) => assert.rejects(call, hasCode('CANCELLED')));
    controller.abort();
    await Promise.all(given);
    await assert.rejects(engine.tokenize('The', { signal }), hasCode('CANCELLED'));
    assert.equal(await engine.detokenize(await engine.tokenize('The dog')), 'The dog');
  });
});

test('a prompt whose bytes tell that it is too long is refused by the engine, others go on', async (t) => {
  const engine = await start(t);
  const { contextSize, longestTokenBytes } = engine.info;
  const border = contextSize * longestTokenBytes;
  const other = engine.generate({ prompt: 'The dog', maxNewTokens: 3, eosTokenId: [] });
  const code = 'CONTEXT_OVERFLOW';
  for (const [length, message] of [
    [border, /^prompt: \d+ tokens and 1 new ones exceed the context of 512 tokens$/],
    [border + 1, /^prompt: at least 513 tokens exceed the context of 512 tokens$/],
    [8e6, /^prompt: at least \d+ tokens exceed the context of 512 tokens$/],
  ] as const) {
    const generation = engine.generate({
      prompt: 'a b '.repeat(length / 4 + 1).slice(0, length),
      maxNewTokens: 1,
    });
    await assert.rejects(collect(generation), { code, message, param: 'prompt' });
  }
  const finish = (await collect(other)).find((event) => event.type === 'finish');
  assert.equal(finish?.generatedTokens, 3);
});
