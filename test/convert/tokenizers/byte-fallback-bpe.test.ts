import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { TOKEN_TYPES } from '../../../scripts/convert/tokenizers/vocabulary.js';
import { BYTE_PIECES } from '../raw-sentencepiece.js';
import { assertRefused, convertTokenizer, type Json, keysOf, tokenRows } from './tokenizer-folder.js';

const { byte, control, normal, unused, userDefined } = TOKEN_TYPES;

/** "<unk>", "<s>", "</s>" and the bytes come first. */
const FIRST = 259;
const TOKENS = ['▁', 't', 'h', 'e', 'th', 'he', 'the', '▁the'];
/** All pairs that make a token; by token, in the order in which they are merged. */
const MERGES = ['h e', 't h', 't he', 'th e', '▁ the'];

function vocabulary(tokens: readonly string[]): Json {
  const all = ['<unk>', '<s>', '</s>', ...BYTE_PIECES.map(({ text }) => text), ...tokens];
  return Object.fromEntries(all.map((text, id) => [text, id]));
}

const MODEL = { type: 'BPE', byte_fallback: true, vocab: vocabulary(TOKENS), merges: MERGES };
const PREPEND = { type: 'Prepend', prepend: '▁' };
const REPLACE = { type: 'Replace', pattern: { String: ' ' }, content: '▁' };
const METASPACE = { type: 'Metaspace', replacement: '▁', prepend_scheme: 'first', split: false };
const SPECIALS = ['<unk>', '<s>', '</s>'].map((content, id) => ({
  id,
  content,
  special: true,
  normalized: false,
}));

function tokenizer(parts: Json = {}, model: Json = {}): Json {
  return {
    added_tokens: SPECIALS,
    normalizer: { type: 'Sequence', normalizers: [PREPEND, REPLACE] },
    pre_tokenizer: null,
    ...parts,
    model: { ...MODEL, ...model },
  };
}

describe("LLaMA's tokenizer.json without tokenizer.model", () => {
  test('gets scores that merge in the order of its merges', async (context) => {
    const files = { 'tokenizer.json': tokenizer() };
    const metadata = await convertTokenizer(context, { files, size: FIRST + 9 });
    assert.deepEqual(keysOf(metadata), ['model', 'pre', 'tokens', 'scores', 'token_type']);
    assert.equal(metadata.get('tokenizer.ggml.model')?.value, 'llama');
    assert.deepEqual(tokenRows(metadata, FIRST), [
      ['▁', -1000, normal],
      ['t', -1000, normal],
      ['h', -1000, normal],
      ['e', -1000, normal],
      ['th', -1, normal],
      ['he', 0, normal],
      ['the', -2, normal],
      ['▁the', -3, normal],
      [`[PAD${FIRST + 8}]`, -10000, unused],
    ]);
    assert.deepEqual(tokenRows(metadata, 0).slice(1, 4), [
      ['<s>', -1000, control],
      ['</s>', -1000, control],
      ['<0x00>', -1000, byte],
    ]);
  });

  test("transformers' order of equal scores, longest parts first, gives equal scores", async (context) => {
    const merges = ['▁ th', 'th e', '▁t h', '▁ t', 't h', 't he', 'h e'];
    const vocab = vocabulary(['▁', 't', 'h', 'e', 'th', 'he', 'the', '▁t', '▁th']);
    const sorted = ['▁t h', 'th e', '▁ th', 't he', 'h e', 't h', '▁ t'];
    const files = { 'tokenizer.json': tokenizer({}, { vocab, merges: sorted }) };
    const metadata = await convertTokenizer(context, { files, size: FIRST + 9 });
    const scores = new Map(tokenRows(metadata, FIRST).map(([text, score]) => [text, Number(score)]));
    assert.equal(scores.get('the'), scores.get('▁th'));
    assert.deepEqual(
      ['▁th', 'he', 'th', '▁t'].map((text) => scores.get(text)),
      [0, -1, -2, -3],
    );
    const mixed = { 'tokenizer.json': tokenizer({}, { vocab, merges }) };
    await assertRefused(
      context,
      { files: mixed, size: FIRST + 9 },
      /the merges that make "▁th" do not follow each other/,
    );
  });

  test('added tokens: special, for the user, beyond the vocabulary, in no file but the config', async (context) => {
    const added_tokens = [
      ...SPECIALS,
      { id: FIRST + 6, content: 'the', special: false, normalized: false },
      { id: FIRST + 8, content: 'a▁b', special: false, normalized: true },
      { id: FIRST + 9, content: 'c▁d', special: false, normalized: false },
      { id: FIRST + 10, content: '<|x|>', special: false },
    ];
    const files = {
      'tokenizer.json': tokenizer({ added_tokens }),
      'tokenizer_config.json': { pad_token: '<pad>', extra_special_tokens: ['<end>'] },
    };
    const metadata = await convertTokenizer(context, { files, size: FIRST + 13 });
    assert.deepEqual(tokenRows(metadata, FIRST + 6), [
      ['the', -2, userDefined],
      ['▁the', -3, normal],
      ['a b', -1000, userDefined],
      ['c▁d', -1000, userDefined],
      ['<|x|>', -1000, userDefined],
      ['<pad>', -1000, control],
      ['<end>', -1000, control],
    ]);
  });

  const prefixes: readonly (readonly [kind: string, parts: Json, value: boolean | undefined])[] = [
    ['the normaliser puts a space first', {}, undefined],
    ['Metaspace puts a space first', { normalizer: null, pre_tokenizer: METASPACE }, undefined],
    ['nothing puts a space first', { normalizer: REPLACE }, false],
    [
      "Gemma's cut at spaces that are gone",
      { normalizer: REPLACE, pre_tokenizer: { type: 'Split', pattern: { String: ' ' } } },
      false,
    ],
    [
      'Metaspace puts no space first',
      { normalizer: null, pre_tokenizer: { ...METASPACE, prepend_scheme: 'never' } },
      false,
    ],
    [
      'old Metaspace puts no space first',
      { normalizer: null, pre_tokenizer: { type: 'Metaspace', replacement: '▁', add_prefix_space: false } },
      false,
    ],
  ];
  for (const [kind, parts, value] of prefixes) {
    test(`${kind}: add_space_prefix ${value ?? 'left open'}`, async (context) => {
      const metadata = await convertTokenizer(context, {
        files: { 'tokenizer.json': tokenizer(parts) },
        size: 300,
      });
      assert.equal(metadata.get('tokenizer.ggml.add_space_prefix')?.value, value);
    });
  }
});

describe("a LLaMA tokenizer.json that llama.cpp's scores cannot express is refused", () => {
  const cases: readonly (readonly [kind: string, parts: Json, model: Json, message: RegExp])[] = [
    [
      'a pair that makes a token without a merge',
      {},
      { merges: MERGES.filter((merge) => merge !== 't he') },
      /no merge joins "t" and "he", but llama.cpp would/,
    ],
    [
      'merges of one token apart',
      {},
      { merges: ['h e', 'th e', 't h', 't he', '▁ the'] },
      /the merges that make "the" do not follow each other/,
    ],
    [
      'a byte without a token',
      {},
      { vocab: { ...vocabulary(TOKENS), '<0x41>': undefined } },
      /expected 256 byte tokens for byte_fallback, received 255/,
    ],
    ['words that are not taken apart', {}, { ignore_merges: true }, /expected false for model.ignore_merges/],
    [
      'another normaliser',
      { normalizer: { type: 'NFKC' } },
      {},
      /expected Prepend, Replace and Metaspace of "▁" only, received NFKC/,
    ],
    ['another cut', { pre_tokenizer: { type: 'Whitespace' } }, {}, /received Whitespace/],
    ['spaces that stay', { normalizer: null }, {}, /nothing replaces spaces by "▁"/],
    [
      'a cut at spaces that a token reaches across',
      { normalizer: null, pre_tokenizer: { ...METASPACE, split: true } },
      { vocab: vocabulary([...TOKENS, 'e▁']), merges: [...MERGES, 'e ▁'] },
      /a merge makes "e▁", which llama.cpp would not cut/,
    ],
    [
      'an added token in the place of another',
      { added_tokens: [{ id: FIRST, content: 'x' }] },
      {},
      /id 259 stands for both "▁" and "x"/,
    ],
    [
      'a token without a row',
      { added_tokens: [{ id: 300, content: 'x' }] },
      {},
      /token "x" has id 300, but the embedding has only 300 rows/,
    ],
    [
      'one text with two ids',
      { added_tokens: [{ id: FIRST + 8, content: 'the' }] },
      {},
      /"the" has the ids 265 and 267/,
    ],
  ];
  for (const [kind, parts, model, message] of cases) {
    test(kind, (context) =>
      assertRefused(context, { files: { 'tokenizer.json': tokenizer(parts, model) }, size: 300 }, message),
    );
  }

  test('for an architecture that has byte-level tokenizers only', (context) =>
    assertRefused(
      context,
      { files: { 'tokenizer.json': tokenizer() }, size: 300, architecture: 'gptneox' },
      /expected false for model.byte_fallback/,
    ));
});
