import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';

import {
  parseSentencePieceModel,
  readSentencePieceModel,
} from '../../scripts/convert/tokenizers/sentencepiece/model.js';
import {
  bytesField,
  floatField,
  MODEL_TYPE,
  numberField,
  PIECE,
  pieceField,
  sentencePieceModel,
  SPECIAL_PIECES,
  varint,
} from './raw-sentencepiece.js';
import { scratchFolder } from './scratch.js';

const PIECES = [
  ...SPECIAL_PIECES,
  { text: '<0x0A>', type: PIECE.byte },
  { text: '▁the', score: -1.5 },
  { text: '<sep>', type: PIECE.userDefined },
  { text: 'old', type: PIECE.unused },
];

describe('a SentencePiece model', () => {
  test('is read with its pieces and its settings', async (context) => {
    const path = join(await scratchFolder(context), 'tokenizer.model');
    const trainer = [
      numberField(3, MODEL_TYPE.bpe),
      numberField(35, 1),
      numberField(40, 3),
      numberField(41, 2),
      numberField(42, 1),
      numberField(43, -1),
    ];
    const normalizer = [
      bytesField(1, 'nmt_nfkc'),
      bytesField(2, Uint8Array.of(1, 2, 3)),
      numberField(3, 0),
      numberField(4, 0),
      numberField(5, 1),
    ];
    await writeFile(path, sentencePieceModel({ pieces: PIECES, trainer, normalizer }));
    const { pieces, precompiledCharsmap, ...settings } = await readSentencePieceModel(path);
    assert.deepEqual(
      pieces.map(({ text, score, type }) => [text, score, type]),
      [
        ['<unk>', 0, 'unknown'],
        ['<s>', 0, 'control'],
        ['</s>', 0, 'control'],
        ['<0x0A>', 0, 'byte'],
        ['▁the', -1.5, 'normal'],
        ['<sep>', 0, 'userDefined'],
        ['old', 0, 'unused'],
      ],
    );
    assert.deepEqual([...precompiledCharsmap], [1, 2, 3]);
    assert.deepEqual(settings, {
      modelType: 'bpe',
      specialIds: { unk: 3, bos: 2, eos: 1, pad: -1 },
      byteFallback: true,
      addDummyPrefix: false,
      removeExtraWhitespaces: false,
      escapeWhitespaces: true,
      treatWhitespaceAsSuffix: false,
      normalizerName: 'nmt_nfkc',
      denormalizerCharsmap: new Uint8Array(),
    });
  });

  test("has the format's own defaults for what is absent", () => {
    const model = parseSentencePieceModel(sentencePieceModel({ pieces: SPECIAL_PIECES, trainer: [] }));
    assert.equal(model.modelType, 'unigram');
    assert.deepEqual(model.specialIds, { unk: 0, bos: 1, eos: 2, pad: -1 });
    assert.deepEqual(
      [model.addDummyPrefix, model.removeExtraWhitespaces, model.escapeWhitespaces, model.byteFallback],
      [true, true, true, false],
    );
  });

  test('may hold fields that are not known, of every wire type', () => {
    const more = [
      numberField(200, 2n ** 63n),
      bytesField(201, 'self test'),
      floatField(202, 1),
      Buffer.concat([varint(203 * 8 + 1), Buffer.alloc(8)]),
    ];
    assert.equal(
      parseSentencePieceModel(sentencePieceModel({ pieces: PIECES, more })).pieces.length,
      PIECES.length,
    );
  });
});

describe('a malformed SentencePiece model is refused', () => {
  const whole = sentencePieceModel({ pieces: PIECES });
  const specials = SPECIAL_PIECES.map(pieceField);
  const withSpecials = (...more: readonly Buffer[]): Buffer => Buffer.concat([...specials, ...more]);
  const cases: readonly (readonly [kind: string, bytes: Buffer, message: RegExp])[] = [
    ['an empty file', Buffer.alloc(0), /there are no pieces/],
    ['a text file', Buffer.from('SentencePiece'), /tokenizer.model: model: /],
    [
      'a Git LFS pointer',
      Buffer.from('version https://git-lfs.github.com/spec/v1'),
      /received a Git LFS pointer/,
    ],
    ['a web page', Buffer.from('<!DOCTYPE html>'), /received a web page/],
    ['a tiktoken vocabulary', Buffer.from('IQ== 0\nIg== 1\n'), /received tiktoken's format/],
    ['a file cut off', whole.subarray(0, whole.length - 1), /model: (field 3|the message ends)/],
    [
      'a length past the end',
      withSpecials(varint(10), varint(2 ** 40)),
      /model: field 1 is longer than the 0 bytes that are left/,
    ],
    [
      'a length of 64 bits',
      withSpecials(varint(10), varint(2n ** 64n - 1n)),
      /model: field 1 is longer than the 0 bytes/,
    ],
    ['a number without an end', withSpecials(Buffer.alloc(12, 0xff)), /a number is longer than 10 bytes/],
    ['a number cut off', withSpecials(Buffer.of(0x8a)), /the message ends within a number/],
    ['field 0', withSpecials(varint(2), varint(0)), /expected a field number from 1 to \d+, received 0/],
    ['a field number beyond all', withSpecials(varint(2n ** 40n)), /expected a field number from 1 to/],
    [
      'a group',
      withSpecials(varint(8 * 9 + 3)),
      /expected a wire type of 0, 1, 2 or 5 for field 9, received 3/,
    ],
    [
      'a piece that is a number',
      withSpecials(numberField(1, 7)),
      /expected bytes for field 1, received varint/,
    ],
    [
      'a score that is a text',
      withSpecials(bytesField(1, bytesField(2, 'x'))),
      /piece 3: expected fixed32 for field 2/,
    ],
    [
      'a type that is a text',
      withSpecials(bytesField(1, bytesField(3, 'x'))),
      /piece 3: expected varint for field 3/,
    ],
    [
      'a piece within a piece past its end',
      withSpecials(bytesField(1, Buffer.of(10, 9, 65))),
      /piece 3: field 1 is longer than the 1 bytes/,
    ],
    [
      'an unknown type',
      withSpecials(pieceField({ text: 'a', type: 7 })),
      /expected 1 to 6 \(normal, .*\) for type, received 7/,
    ],
    [
      'an unknown model type',
      withSpecials(bytesField(2, numberField(3, 9))),
      /expected 1 to 4 .* for model_type, received 9/,
    ],
    ['a piece without text', withSpecials(bytesField(1, floatField(2, 1))), /piece 3 has no text/],
    [
      'a piece that is not UTF-8',
      withSpecials(bytesField(1, bytesField(1, Buffer.of(0xff)))),
      /piece 3: field 1 is not UTF-8/,
    ],
    [
      'a score that is no number',
      withSpecials(pieceField({ text: 'a', score: NaN })),
      /expected a finite score for piece "a"/,
    ],
    ['a repeated piece', withSpecials(pieceField({ text: '<s>' })), /pieces 1 and 3 are both "<s>"/],
    [
      'two unknown pieces',
      withSpecials(pieceField({ text: 'u', type: PIECE.unknown })),
      /expected one unknown piece, received 2/,
    ],
    ['no unknown piece', pieceField({ text: 'a' }), /expected one unknown piece, received 0/],
    [
      'a byte piece of another form',
      withSpecials(pieceField({ text: '<0xZZ>', type: PIECE.byte })),
      /for byte piece 3, received "<0xZZ>"/,
    ],
  ];
  for (const [kind, bytes, message] of cases) {
    test(kind, () => {
      assert.throws(() => parseSentencePieceModel(bytes), { name: 'FormatError', message });
    });
  }

  test('wherever it is cut off or changed, with an error of its own', () => {
    for (let at = 0; at < whole.length; at += 1) {
      for (const bytes of [whole.subarray(0, at), changed(whole, at)]) {
        try {
          assert.ok(parseSentencePieceModel(bytes).pieces.length > 0);
        } catch (error) {
          assert.equal((error as Error).name, 'FormatError', `at byte ${at}: ${String(error)}`);
        }
      }
    }
  });
});

function changed(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 0xff;
  return copy;
}
