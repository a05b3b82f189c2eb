import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { llamaPieces, MODEL_TYPE, numberField, PIECE } from '../raw-sentencepiece.js';
import { FILE, FIRST, model } from './tiny-sentencepiece.js';
import { convertTokenizer, type Json, type Tokenizer } from './tokenizer-folder.js';

const CONFIG = 'tokenizer_config.json';
const SIZE = FIRST + 2;
const disagrees = (name: string, said: number, text: string, id: number): string =>
  `config.json says ${name}_token_id ${said}, the tokenizer's "${text}" is ${id}: ${id} is written`;

/** Gemma's order of the special pieces: padding, end, start, unknown. */
const GEMMA = model({
  pieces: [
    { text: '<pad>', type: PIECE.control },
    { text: '<eos>', type: PIECE.control },
    { text: '<bos>', type: PIECE.control },
    { text: '<unk>', type: PIECE.unknown },
    ...llamaPieces({ text: 'a' }, { text: '<|im_end|>', type: PIECE.userDefined }).slice(3),
  ],
  trainer: [
    numberField(3, MODEL_TYPE.bpe),
    numberField(40, 3),
    numberField(41, 2),
    numberField(42, 1),
    numberField(43, 0),
  ],
});
const LAST = FIRST + 2;

const ROWS: readonly (readonly [
  what: string,
  tokenizer: Omit<Tokenizer, 'size'> & { readonly size?: number },
  ids: Json,
  warnings: readonly string[],
])[] = [
  [
    'roles in tokenizer.model win over those of another piece in config.json (the first LLaMA checkpoints)',
    {
      files: { [FILE]: model(), [CONFIG]: { bos_token: '', eos_token: '', unk_token: '' } },
      config: { bos_token_id: 0, eos_token_id: 1, pad_token_id: -1 },
    },
    { bos: 1, eos: 2 },
    [disagrees('bos', 0, '<s>', 1), disagrees('eos', 1, '</s>', 2)],
  ],
  [
    'the same without tokenizer_config.json',
    { files: { [FILE]: model() }, config: { bos_token_id: 0, eos_token_id: 1 } },
    { bos: 1, eos: 2 },
    [disagrees('bos', 0, '<s>', 1), disagrees('eos', 1, '</s>', 2)],
  ],
  [
    'texts in tokenizer_config.json are looked up among the pieces',
    {
      files: { [FILE]: model(), [CONFIG]: { bos_token: '<s>', eos_token: { content: '</s>' } } },
      config: { bos_token_id: 0, eos_token_id: 1 },
    },
    { bos: 1, eos: 2 },
    [disagrees('bos', 0, '<s>', 1), disagrees('eos', 1, '</s>', 2)],
  ],
  [
    'ordinary pieces are no end token',
    { files: { [FILE]: model() }, config: { eos_token_id: FIRST } },
    { eos: 2 },
    [disagrees('eos', FIRST, '</s>', 2)],
  ],
  [
    'where config.json agrees, nothing is said',
    {
      files: { [FILE]: model(), [CONFIG]: { eos_token: '</s>' } },
      config: { bos_token_id: 1, eos_token_id: 2 },
    },
    { bos: 1, eos: 2 },
    [],
  ],
  [
    'what llama.cpp takes by itself needs no entry',
    { files: { [FILE]: model(), [CONFIG]: { eos_token: '</s>' } } },
    {},
    [],
  ],
  [
    "a list of end tokens leaves tokenizer.model's (Gemma)",
    { files: { [FILE]: GEMMA }, config: { bos_token_id: 2, eos_token_id: [1, LAST] }, size: LAST + 1 },
    { bos: 2, eos: 1 },
    [],
  ],
  [
    'a token without another meaning may be the end token (chat models)',
    { files: { [FILE]: GEMMA }, config: { eos_token_id: LAST }, size: LAST + 1 },
    { bos: 2, eos: LAST },
    [],
  ],
  [
    'but any token may be the padding',
    {
      files: { [FILE]: GEMMA, [CONFIG]: { pad_token: '<unk>' } },
      config: { bos_token_id: 2, eos_token_id: 1, pad_token_id: 1 },
      size: LAST + 1,
    },
    { bos: 2, eos: 1, padding: 1 },
    [],
  ],
  [
    "tokenizer.json's added tokens come first, and are told apart from config.json's",
    {
      files: {
        [FILE]: model(),
        [CONFIG]: { eos_token: '<end>' },
        'tokenizer.json': { model: {}, added_tokens: [{ id: FIRST + 2, content: '<end>', special: true }] },
      },
      config: { eos_token_id: 2 },
      size: FIRST + 3,
    },
    { eos: FIRST + 2 },
    [disagrees('eos', 2, '<end>', FIRST + 2)],
  ],
  [
    'a byte-level vocabulary is looked into, too',
    {
      files: {
        'vocab.json': { a: 0, b: 1, ab: 2, '<e>': 3 },
        'merges.txt': 'a b',
        [CONFIG]: { eos_token: '<e>' },
      },
      architecture: 'qwen2',
      config: { eos_token_id: 0 },
      size: 4,
    },
    { eos: 3 },
    [disagrees('eos', 0, '<e>', 3)],
  ],
];

describe('ids of special tokens', () => {
  for (const [what, tokenizer, ids, warnings] of ROWS) {
    test(what, async (context) => {
      const heard: string[] = [];
      const metadata = await convertTokenizer(context, { size: SIZE, ...tokenizer }, (text) =>
        heard.push(text),
      );
      const entries = [...metadata].flatMap(([key, { value }]) => {
        const name = /^tokenizer\.ggml\.(\w+)_token_id$/.exec(key)?.[1];
        return name === undefined ? [] : [[name, value] as const];
      });
      assert.deepEqual(Object.fromEntries(entries), ids);
      assert.deepEqual(heard, warnings);
    });
  }
});

test('flags of added tokens that GGUF has no place for are warned of', async (context) => {
  const heard: string[] = [];
  const added_tokens_decoder = {
    [FIRST + 2]: { content: '<x>', special: true, lstrip: true, rstrip: false },
    [FIRST + 3]: { content: '<y>', special: false, lstrip: true, single_word: true },
  };
  const files = { [FILE]: model(), [CONFIG]: { added_tokens_decoder } };
  await convertTokenizer(context, { files, size: FIRST + 4 }, (text) => heard.push(text));
  assert.deepEqual(heard, [
    'lstrip of token "<x>" and 1 others has no place in GGUF: text beside it is cut otherwise',
    'single_word of token "<y>" has no place in GGUF: text beside it is cut otherwise',
  ]);
});

test("Phi-3's rstrip, which llama.cpp knows, is not", async (context) => {
  const heard: string[] = [];
  const added_tokens_decoder = { [FIRST + 2]: { content: '<|end|>', special: true, rstrip: true } };
  const files = { [FILE]: model(), [CONFIG]: { added_tokens_decoder } };
  const tokenizer = { files, architecture: 'phi3', size: FIRST + 3 };
  await convertTokenizer(context, tokenizer, (text) => heard.push(text));
  assert.deepEqual(heard, []);
});
