import { describe, test } from 'node:test';

import {
  bytesField,
  llamaPieces,
  MODEL_TYPE,
  numberField,
  sentencePieceModel,
} from '../raw-sentencepiece.js';
import { decoder, FILE, FIRST, model } from './tiny-sentencepiece.js';
import { assertRefused, type Json } from './tokenizer-folder.js';

describe('a SentencePiece tokenizer that cannot be expressed is refused', () => {
  const settings = (tokens: Readonly<Record<string, string>>): Json => ({
    added_tokens_decoder: decoder(tokens),
  });
  const cases: readonly (readonly [
    kind: string,
    files: Readonly<Record<string, Json | Buffer>>,
    size: number,
    message: RegExp,
  ])[] = [
    ['more pieces than rows', {}, FIRST + 1, /token "▁the" has id 260, but the embedding has only 260 rows/],
    [
      'an added token without a row',
      { 'added_tokens.json': { '[PAD]': FIRST + 2 } },
      FIRST + 2,
      /token "\[PAD\]" has id 261, but the embedding has only 261 rows/,
    ],
    [
      'an added token in the place of an ordinary piece',
      { 'added_tokens.json': { '[PAD]': FIRST } },
      FIRST + 2,
      /id 259 stands for both "▁t" and "\[PAD\]"/,
    ],
    [
      'an added token in the place of a byte',
      { 'tokenizer_config.json': settings({ 3: '<x>' }) },
      FIRST + 2,
      /id 3 stands for both "<0x00>" and "<x>"/,
    ],
    [
      'files that disagree',
      {
        'added_tokens.json': { '<x>': FIRST + 2 },
        'tokenizer.json': { model: {}, added_tokens: [{ id: FIRST + 2, content: '<y>' }] },
      },
      FIRST + 3,
      /id 261 stands for both "<x>" and "<y>"/,
    ],
    [
      'one text with two ids',
      { 'tokenizer_config.json': settings({ [FIRST + 2]: '▁the' }) },
      FIRST + 3,
      /"▁the" has the ids 260 and 261/,
    ],
    [
      'an id that is no number',
      { 'added_tokens.json': { '[PAD]': '1' } },
      FIRST + 2,
      /added_tokens.json: expected an id for token "\[PAD\]", received "1"/,
    ],
    [
      'an id in words',
      { 'tokenizer_config.json': settings({ one: 'x' }) },
      FIRST + 2,
      /tokenizer_config.json: added_tokens_decoder/,
    ],
    [
      'no bytes',
      { [FILE]: sentencePieceModel({ pieces: llamaPieces().slice(0, 258) }) },
      300,
      /expected the 256 byte pieces .*, received 255/,
    ],
    [
      'a model of words',
      { [FILE]: model({ trainer: [numberField(3, MODEL_TYPE.word)] }) },
      300,
      /expected bpe or unigram for model_type, received word/,
    ],
    [
      'a model of characters',
      { [FILE]: model({ trainer: [numberField(3, MODEL_TYPE.char)] }) },
      300,
      /received char/,
    ],
    [
      'spaces that stay',
      { [FILE]: model({ normalizer: [numberField(5, 0)] }) },
      300,
      /expected true for escape_whitespaces/,
    ],
    [
      'spaces behind words',
      { [FILE]: model({ trainer: [numberField(3, MODEL_TYPE.bpe), numberField(24, 1)] }) },
      300,
      /expected false for treat_whitespace_as_suffix/,
    ],
    [
      'rules for the way back',
      { [FILE]: model({ more: [bytesField(5, bytesField(2, 'x'))] }) },
      300,
      /a denormalizer_spec with rules is not supported/,
    ],
    ['an embedding without rows', {}, 0, /the embedding has no rows/],
  ];
  for (const [kind, files, size, message] of cases) {
    test(kind, (context) => assertRefused(context, { files: { [FILE]: model(), ...files }, size }, message));
  }

  test("Mistral's own format without tokenizer.json", (context) =>
    assertRefused(
      context,
      { files: { 'tekken.json': {} }, size: 3 },
      /tekken.json: not supported without a tokenizer.json/,
    ));

  test('no files, for an architecture that reads all kinds', (context) =>
    assertRefused(context, { files: {}, size: 3 }, /there is neither tokenizer.json nor vocab.json/));
});
