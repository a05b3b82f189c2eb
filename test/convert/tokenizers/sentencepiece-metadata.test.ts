import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { TOKEN_TYPES } from '../../../scripts/convert/tokenizers/vocabulary.js';
import { llamaPieces, numberField, PIECE } from '../raw-sentencepiece.js';
import { decoder, FILE, FIRST, model, SPECIALS } from './tiny-sentencepiece.js';
import { convertTokenizer, type Json, keysOf, tokenRows } from './tokenizer-folder.js';

const { control, userDefined, unused, normal } = TOKEN_TYPES;

describe("LLaMA's SentencePiece BPE", () => {
  test('keeps pieces, scores and types; rows without a piece are filled up', async (context) => {
    const metadata = await convertTokenizer(context, { files: { [FILE]: model() }, size: FIRST + 4 });
    assert.deepEqual(keysOf(metadata), ['model', 'pre', 'tokens', 'scores', 'token_type']);
    assert.equal(metadata.get('tokenizer.ggml.model')?.value, 'llama');
    assert.equal(metadata.get('tokenizer.ggml.pre')?.value, 'default');
    const rows = tokenRows(metadata, 0);
    assert.deepEqual(rows.slice(0, 4), [
      ['<unk>', 0, TOKEN_TYPES.unknown],
      ['<s>', 0, control],
      ['</s>', 0, control],
      ['<0x00>', 0, TOKEN_TYPES.byte],
    ]);
    assert.deepEqual(rows.slice(FIRST), [
      ['▁t', -1, normal],
      ['▁the', -2, normal],
      [`[PAD${FIRST + 2}]`, -10000, unused],
      [`[PAD${FIRST + 3}]`, -10000, unused],
    ]);
  });

  test('added_tokens.json and tokenizer_config.json add tokens behind the pieces', async (context) => {
    const files = {
      [FILE]: model(),
      'added_tokens.json': { '[PAD]': FIRST + 2, '<tool>': FIRST + 3 },
      'tokenizer_config.json': {
        added_tokens_decoder: {
          ...decoder({ ...SPECIALS, [FIRST + 3]: '<tool>' }),
          ...decoder({ [FIRST + 4]: 'two▁words', [FIRST + 5]: '<|looks_special|>' }, false),
        },
      },
    };
    const metadata = await convertTokenizer(context, { files, size: FIRST + 6 });
    assert.deepEqual(tokenRows(metadata, FIRST + 2), [
      ['[PAD]', -1000, userDefined],
      ['<tool>', -1000, control],
      ['two words', -1000, userDefined],
      ['<|looks_special|>', -1000, control],
    ]);
    assert.deepEqual(tokenRows(metadata, 0)[0], ['<unk>', -1000, control]);
  });

  test("tokenizer.json's added tokens fill rows that nothing else stands for", async (context) => {
    const added_tokens = [
      { id: 1, content: '<s>', special: true },
      { id: FIRST + 2, content: '<pad>', special: true },
    ];
    const files = { [FILE]: model(), 'tokenizer.json': { model: { type: 'BPE' }, added_tokens } };
    const config = { pad_token_id: FIRST + 2, bos_token_id: 1 };
    const metadata = await convertTokenizer(context, { files, size: FIRST + 3, config });
    assert.deepEqual(tokenRows(metadata, FIRST + 2), [['<pad>', -1000, control]]);
    assert.deepEqual(tokenRows(metadata, 1)[0], ['<s>', 0, control]);
    assert.equal(metadata.get('tokenizer.ggml.padding_token_id')?.value, FIRST + 2);
  });

  test('reserved pieces may be given another text', async (context) => {
    const pieces = llamaPieces(
      { text: '<reserved>', type: PIECE.userDefined },
      { text: '▁▁', type: PIECE.userDefined },
    );
    const files = {
      [FILE]: model({ pieces }),
      'tokenizer_config.json': { added_tokens_decoder: decoder({ [FIRST]: '<|im_start|>' }) },
    };
    const metadata = await convertTokenizer(context, { files, size: FIRST + 2 });
    assert.deepEqual(tokenRows(metadata, FIRST), [
      ['<|im_start|>', -1000, control],
      ['  ', 0, userDefined],
    ]);
  });

  test('a padding token behind the last row is no padding token', async (context) => {
    const config = { pad_token_id: FIRST + 2, eos_token_id: 2 };
    const metadata = await convertTokenizer(context, { files: { [FILE]: model() }, size: FIRST + 2, config });
    assert.deepEqual(keysOf(metadata).slice(-1), ['eos_token_id']);
  });

  test("Code Llama's end of a turn", async (context) => {
    const files = { [FILE]: model(), 'added_tokens.json': { '▁<EOT>': 32010 } };
    const metadata = await convertTokenizer(context, { files, size: 32016 });
    assert.equal(metadata.get('tokenizer.ggml.eot_token_id')?.value, 32010);
    const other = await convertTokenizer(context, { files: { [FILE]: model() }, size: 32016 });
    assert.equal(other.has('tokenizer.ggml.eot_token_id'), false);
  });

  test("Granite's size means no first token unless the files say otherwise", async (context) => {
    const files = { [FILE]: model() };
    const metadata = await convertTokenizer(context, { files, size: 49152 });
    assert.equal(metadata.get('tokenizer.ggml.add_bos_token')?.value, false);
    const said = { ...files, 'tokenizer_config.json': { add_bos_token: true } };
    const other = await convertTokenizer(context, { files: said, size: 49152 });
    assert.equal(other.get('tokenizer.ggml.add_bos_token')?.value, true);
  });
});

describe('the space before the text', () => {
  const settings = (add_prefix_space: boolean) => ({ 'tokenizer_config.json': { add_prefix_space } });
  const withoutPrefix = model({ normalizer: [numberField(3, 0)] });
  const cases: readonly (readonly [
    kind: string,
    parts: { architecture?: string; files: Record<string, Json | Buffer> },
    value: boolean | undefined,
    place: number,
  ])[] = [
    ['is assumed', { files: { [FILE]: model() } }, undefined, -1],
    [
      'is written first for LLaMA if the config says it',
      { files: { [FILE]: model(), ...settings(true) } },
      true,
      0,
    ],
    ['is denied first for LLaMA', { files: { [FILE]: model(), ...settings(false) } }, false, 0],
    ['is denied where the model does', { files: { [FILE]: withoutPrefix } }, false, 5],
    [
      'is denied by the config elsewhere',
      { architecture: 'qwen2', files: { [FILE]: model(), ...settings(false) } },
      false,
      5,
    ],
    ['is never there for Gemma', { architecture: 'gemma2', files: { [FILE]: model() } }, false, 5],
  ];
  for (const [kind, parts, value, place] of cases) {
    test(kind, async (context) => {
      const metadata = await convertTokenizer(context, { ...parts, size: FIRST + 2 });
      assert.equal(metadata.get('tokenizer.ggml.add_space_prefix')?.value, value);
      assert.equal(keysOf(metadata).indexOf('add_space_prefix'), place);
    });
  }

  test('comes last for Gemma, after the chat template', async (context) => {
    const files = { [FILE]: model(), 'tokenizer_config.json': { chat_template: 'x', add_bos_token: true } };
    const metadata = await convertTokenizer(context, { files, architecture: 'gemma2', size: FIRST + 2 });
    assert.deepEqual(keysOf(metadata).slice(-3), [
      'add_bos_token',
      'tokenizer.chat_template',
      'add_space_prefix',
    ]);
  });
});

describe("Phi-3's tokens", () => {
  const files = {
    [FILE]: model(),
    'added_tokens.json': { '<|end|>': FIRST + 2 },
    'tokenizer_config.json': {
      tokenizer_class: 'LlamaTokenizer',
      added_tokens_decoder: decoder({ [FIRST + 2]: '<|end|>' }, false),
    },
    'tokenizer.json': {
      model: { type: 'BPE' },
      added_tokens: [
        { id: 2, content: '</s>', special: false },
        { id: FIRST + 3, content: '<|user|>', special: true },
      ],
    },
  };

  test('are special only if marked so, and tokenizer.json has the last word', async (context) => {
    const metadata = await convertTokenizer(context, { files, architecture: 'phi3', size: FIRST + 4 });
    assert.deepEqual(tokenRows(metadata, FIRST + 2), [
      ['<|end|>', -1000, userDefined],
      ['<|user|>', -1000, control],
    ]);
    assert.deepEqual(tokenRows(metadata, 2)[0], ['</s>', -1000, userDefined]);
  });

  test('of Phi-4 are in tokenizer.json, whatever lies beside it', async (context) => {
    const tokenizer = {
      pre_tokenizer: { type: 'ByteLevel' },
      model: { type: 'BPE', vocab: { a: 0, b: 1, ab: 2 }, merges: ['a b'] },
    };
    const metadata = await convertTokenizer(context, {
      files: {
        ...files,
        'tokenizer.json': tokenizer,
        'tokenizer_config.json': { tokenizer_class: 'GPT2Tokenizer' },
      },
      architecture: 'phi3',
      size: 3,
    });
    assert.equal(metadata.get('tokenizer.ggml.model')?.value, 'gpt2');
  });
});
