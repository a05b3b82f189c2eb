import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { bytesField, MODEL_TYPE, numberField } from '../raw-sentencepiece.js';
import { FILE, FIRST, model } from './tiny-sentencepiece.js';
import { assertRefused, convertTokenizer } from './tokenizer-folder.js';

describe('a unigram model', () => {
  const trainer = [
    numberField(3, MODEL_TYPE.unigram),
    numberField(40, 0),
    numberField(41, 1),
    numberField(42, 2),
  ];

  test("goes to llama.cpp's unigram tokenizer, with all that one has to be told", async (context) => {
    const charsmap = Uint8Array.of(4, 0, 0, 0, 9, 9, 9, 9, 65, 0);
    const normalizer = [bytesField(2, charsmap), numberField(4, 0)];
    const files = { [FILE]: model({ trainer, normalizer }) };
    const metadata = await convertTokenizer(context, { files, size: FIRST + 2, config: { eos_token_id: 2 } });
    const entries = [...metadata]
      .filter(([, { type }]) => type !== 'array')
      .map(([key, { value }]) => [key.slice(15), value]);
    assert.deepEqual(entries, [
      ['model', 't5'],
      ['pre', 'default'],
      ['add_space_prefix', true],
      ['remove_extra_whitespaces', false],
      ['bos_token_id', 1],
      ['eos_token_id', 2],
      ['unknown_token_id', 0],
      ['add_bos_token', true],
      ['add_eos_token', false],
    ]);
    assert.deepEqual(metadata.get('tokenizer.ggml.precompiled_charsmap'), {
      type: 'array',
      elementType: 'uint8',
      value: Buffer.from(charsmap),
    });
  });

  test('with cut off normalisation rules is refused', async (context) => {
    for (const rules of [
      [1, 2],
      [200, 0, 0, 0, 65, 0],
      [4, 0, 0, 0, 9, 9, 9, 9, 65],
    ]) {
      const files = { [FILE]: model({ trainer, normalizer: [bytesField(2, Uint8Array.from(rules))] }) };
      await assertRefused(context, { files, size: FIRST + 2 }, /the precompiled_charsmap is cut off/);
    }
  });
});
