import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';

import { string, uint32 } from '../../scripts/convert/gguf/values.js';
import { judgeSpecialTokens } from '../../scripts/convert/verify/judge.js';
import { ReferenceTokenizer } from '../../scripts/convert/verify/reference-tokenizer.js';
import type { SentencePieceVocabulary } from '../../scripts/convert/verify/sentencepiece.js';
import { compareSpecialTokens } from '../../scripts/convert/verify/special-tokens.js';
import { compareTokenizers } from '../../scripts/convert/verify/tokenizers.js';
import { scratchFolder } from './scratch.js';
import { TINY_TOKENIZER, TINY_TOKENIZER_CONFIG, writeJson } from './tiny-gpt2.js';

type Piece = SentencePieceVocabulary['pieces'][number];

const FIRST_BYTE = 3;
const BYTES: Piece[] = Array.from({ length: 256 }, (_, byte) => ({
  text: `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`,
  score: 0,
  type: 'byte',
}));
const NORMAL = ['▁', 'a', 'b', 'c', 'ab', '▁a', 'bc', '▁ab'];
const SCORES = [-9, -10, -11, -12, -1, -2, -3, -4];
const ids = (...texts: string[]): number[] => texts.map((text) => NORMAL.indexOf(text) + FIRST_BYTE + 256);

/** LLaMA's kind: BPE with byte fallback and a space before the text. "a" and "b" are merged first. */
const LLAMA: SentencePieceVocabulary = {
  pieces: [
    { text: '<unk>', score: 0, type: 'unknown' },
    { text: '<s>', score: 0, type: 'control' },
    { text: '</s>', score: 0, type: 'control' },
    ...BYTES,
    ...NORMAL.map((text, index): Piece => ({ text, score: SCORES[index] ?? 0, type: 'normal' })),
    { text: '▁▁▁', score: 0, type: 'userDefined' },
  ],
  modelType: 'bpe',
  byteFallback: true,
  addDummyPrefix: true,
  removeExtraWhitespaces: false,
  precompiledCharsmap: new Uint8Array(),
};
const RUN_OF_SPACES = LLAMA.pieces.length - 1;

async function sentencePiece(
  context: TestContext,
  changes: Partial<SentencePieceVocabulary> = {},
  config: object = {},
): Promise<ReferenceTokenizer> {
  const folder = await scratchFolder(context);
  await writeFile(join(folder, 'tokenizer.model'), '');
  await writeJson(folder, 'tokenizer_config.json', config);
  return ReferenceTokenizer.read(folder, () => Promise.resolve({ ...LLAMA, ...changes }));
}

describe('the reference for a SentencePiece model', () => {
  test('merges by score, leftmost first, after a space of its own', async (context) => {
    const tokenizer = await sentencePiece(context);
    assert.deepEqual(tokenizer.encode(''), []);
    assert.deepEqual(tokenizer.encode('ab'), ids('▁ab'));
    assert.deepEqual(tokenizer.encode('abc'), ids('▁ab', 'c'));
    assert.deepEqual(tokenizer.encode(' a'), ids('▁', '▁a'));
    assert.deepEqual(tokenizer.encode('bc a'), ids('▁', 'bc', '▁a'));
    assert.equal(tokenizer.decode(ids('▁ab', 'c')), 'abc');
  });

  test('gives bytes for what the vocabulary lacks, but not for their names', async (context) => {
    const tokenizer = await sentencePiece(context);
    assert.deepEqual(tokenizer.encode('é'), [...ids('▁'), FIRST_BYTE + 0xc3, FIRST_BYTE + 0xa9]);
    assert.equal(tokenizer.encode('<0x41>').length, 7);
    assert.equal(tokenizer.decode([FIRST_BYTE + 0xc3, FIRST_BYTE + 0xa9]), 'é');
  });

  test('finds special tokens and user-defined pieces first', async (context) => {
    const tokenizer = await sentencePiece(context, { addDummyPrefix: false });
    assert.deepEqual(tokenizer.encode('a</s>b   c'), [
      ...ids('a'),
      2,
      ...ids('b'),
      RUN_OF_SPACES,
      ...ids('c'),
    ]);
    assert.equal(tokenizer.decode([2]), undefined);
  });

  test('adds the start token to a prompt unless the config says otherwise', async (context) => {
    assert.deepEqual((await sentencePiece(context)).encodeWithSpecial('ab'), [1, ...ids('▁ab')]);
    const without = await sentencePiece(context, {}, { add_bos_token: false });
    assert.deepEqual(without.encodeWithSpecial('ab'), ids('▁ab'));
    const config = { add_eos_token: true, eos_token: { content: '</s>' } };
    const withEnd = await sentencePiece(context, {}, config);
    assert.deepEqual(withEnd.encodeWithSpecial(''), [1, 2]);
  });

  test('of unigrams takes the likeliest cut, and bytes for the rest', async (context) => {
    const tokenizer = await sentencePiece(context, { modelType: 'unigram' });
    // -4 - 12 beats -9 - 1 - 12, -2 - 3 beats both.
    assert.deepEqual(tokenizer.encode('abc'), ids('▁a', 'bc'));
    assert.deepEqual(tokenizer.encode('aé'), [...ids('▁a'), FIRST_BYTE + 0xc3, FIRST_BYTE + 0xa9]);
  });

  test('takes spaces away where the model does', async (context) => {
    const tokenizer = await sentencePiece(context, {
      removeExtraWhitespaces: true,
      pieces: LLAMA.pieces.slice(0, -1),
    });
    assert.deepEqual(tokenizer.encode('  a   bc '), ids('▁a', '▁', 'bc'));
    assert.deepEqual(tokenizer.encode('  '), []);
  });

  test('refuses other kinds of models', async (context) => {
    await assert.rejects(sentencePiece(context, { modelType: 'word' }), /expected bpe or unigram .* word$/);
  });
});

async function byteLevel(
  context: TestContext,
  files: Readonly<Record<string, unknown>>,
  mergesText?: string,
): Promise<ReferenceTokenizer> {
  const folder = await scratchFolder(context);
  for (const [name, value] of Object.entries(files)) await writeJson(folder, name, value);
  if (mergesText !== undefined) await writeFile(join(folder, 'merges.txt'), mergesText);
  return ReferenceTokenizer.read(folder);
}

const VOCABULARY = { "'": 0, S: 1, "'S": 2, '1': 3, '11': 4, Ġ: 5, '<|x|>': 6 };
const MERGES = "#version: 0.2\n' S\n1 1\n";

test('a tokenizer.json with Metaspace puts a space before every text, as llama.cpp does', async (context) => {
  const vocab = Object.fromEntries(['<unk>', '▁', 'a', '▁a', '▁▁'].map((text, id) => [text, id]));
  const merges = [
    ['▁', 'a'],
    ['▁', '▁'],
  ];
  const encoded = async (prepend_scheme: string): Promise<number[]> => {
    const json = {
      added_tokens: [],
      pre_tokenizer: { type: 'Metaspace', replacement: '▁', prepend_scheme, split: false },
      model: { type: 'BPE', vocab, merges, unk_token: '<unk>', byte_fallback: true },
    };
    return (await byteLevel(context, { 'tokenizer.json': json })).encode(' a');
  };
  assert.deepEqual(await encoded('first'), [1, 3]);
  assert.deepEqual(await encoded('always'), [1, 3]);
  assert.deepEqual(await encoded('never'), [3]);
});

describe('the reference for a byte-level BPE', () => {
  const files = { 'vocab.json': VOCABULARY, 'added_tokens.json': { '<|x|>': 6 } };

  test('of vocab.json and merges.txt cuts as GPT-2 does', async (context) => {
    const tokenizer = await byteLevel(context, files, MERGES);
    assert.deepEqual(tokenizer.encode("'S11<|x|>"), [0, 1, 4, 6]);
    assert.equal(tokenizer.prepare('e\u0301'), 'e\u0301');
  });

  test('or as Qwen 2 does, in normal form C, where the config names it', async (context) => {
    const config = { 'tokenizer_config.json': { tokenizer_class: 'Qwen2Tokenizer' } };
    const tokenizer = await byteLevel(context, { ...files, ...config }, MERGES);
    assert.deepEqual(tokenizer.encode("'S11<|x|>"), [2, 3, 3, 6]);
    assert.equal(tokenizer.prepare('e\u0301'), '\u00e9');
  });

  test('of tokenizer.json adds what its template and the config add', async (context) => {
    const template = {
      type: 'TemplateProcessing',
      single: [{ SpecialToken: { id: '<|endoftext|>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
      pair: [],
      special_tokens: {},
    };
    const json = { ...TINY_TOKENIZER, post_processor: template };
    const framed = await byteLevel(context, { 'tokenizer.json': json });
    assert.deepEqual(framed.encodeWithSpecial('ab'), [13, 12]);
    const config = { ...TINY_TOKENIZER_CONFIG, add_bos_token: false };
    const bare = await byteLevel(context, { 'tokenizer.json': json, 'tokenizer_config.json': config });
    assert.deepEqual(bare.encodeWithSpecial('ab'), [12]);
  });

  test('is refused without files, and with parts the library does not know', async (context) => {
    await assert.rejects(byteLevel(context, {}), /there is neither tokenizer\.json, nor tokenizer\.model/);
    const json = { ...TINY_TOKENIZER, normalizer: { type: 'Rot13' } };
    await assert.rejects(byteLevel(context, { 'tokenizer.json': json }), /can't use it: .*Rot13/);
    await assert.rejects(byteLevel(context, files, 'a b c\n'), /merges\.txt: expected two parts for merge 0/);
  });
});

test('each kind of difference is found, the first of a string only', async (context) => {
  const reference = await byteLevel(context, { 'tokenizer.json': TINY_TOKENIZER });
  const string = { what: 'two letters', text: 'ab' };
  const right = { ids: [12], idsWithSpecial: [12], decoded: 'ab' };
  const differencesOf = (changes: object): (string | undefined)[] =>
    compareTokenizers([string], [{ ...right, ...changes }], reference).differences.map(
      ({ kind, file, expected }) => `${kind} ${file} ${expected}`,
    );
  assert.deepEqual(differencesOf({}), []);
  assert.deepEqual(differencesOf({ decoded: ' ab' }), []);
  assert.deepEqual(differencesOf({ ids: [0, 1], decoded: 'x' }), ['ids [0,1] [12]']);
  assert.deepEqual(differencesOf({ idsWithSpecial: [13, 12] }), ['idsWithSpecial [13,12] [12]']);
  assert.deepEqual(differencesOf({ decoded: 'ba' }), ['decoded "ba" "ab"']);
});

describe('the start and the end token', () => {
  const specialIds = { unk: 0, bos: 1, eos: 2, pad: -1 };
  const texts = { bos_token: '<s>', eos_token: '</s>' };
  type Pair = readonly [file: number, expected: number | undefined];
  const rows: readonly (readonly [
    config: object,
    entries: Readonly<Record<string, number>>,
    bos: Pair,
    eos: Pair,
  ])[] = [
    [texts, {}, [1, 1], [2, 2]],
    [{ eos_token: '' }, { bos: 1, eos: 2 }, [1, 1], [2, 2]],
    [texts, { eos: 1 }, [1, 1], [1, 2]],
    [{}, { bos: 0, eos: 1 }, [0, 1], [1, 2]],
    [{}, { eos: FIRST_BYTE }, [1, 1], [FIRST_BYTE, 2]],
    // A token that config.json may have chosen.
    [{}, { eos: RUN_OF_SPACES }, [1, 1], [RUN_OF_SPACES, undefined]],
    [{ bos_token: '</s>' }, {}, [1, 2], [2, 2]],
  ];
  for (const [config, entries, bos, eos] of rows) {
    test(`${JSON.stringify(config)} and the file's ${JSON.stringify(entries)}`, async (context) => {
      const tokenizer = await sentencePiece(context, { specialIds }, config);
      const metadata = new Map([
        ['tokenizer.ggml.model', string('llama')],
        ...Object.entries(entries).map(
          ([name, id]) => [`tokenizer.ggml.${name}_token_id`, uint32(id)] as const,
        ),
      ]);
      const found = compareSpecialTokens(metadata, (name, id) => tokenizer.specialId(name, id));
      assert.deepEqual(
        found.map(({ file, expected }) => [file, expected]),
        [bos, eos],
      );
      const wrong = [bos, eos].filter(([file, expected]) => expected !== undefined && file !== expected);
      assert.deepEqual(
        judgeSpecialTokens(found).map((failure) => Number(/received (\d+)$/.exec(failure)?.[1])),
        wrong.map(([file]) => file),
      );
    });
  }
});
