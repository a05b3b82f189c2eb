import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';

import type { GgufValue } from '../../scripts/convert/gguf/values.js';
import { tokenizerMetadata } from '../../scripts/convert/tokenizers/index.js';
import { TOKEN_TYPES } from '../../scripts/convert/tokenizers/vocabulary.js';
import { scratchFolder } from './scratch.js';
import { TINY_TOKENIZER, TINY_TOKENIZER_CONFIG, writeJson } from './tiny-gpt2.js';

type Json = Readonly<Record<string, unknown>>;

interface Tokenizer {
  /** Merged into tokenizer.json. */
  readonly tokenizer?: Json;
  /** Merged into tokenizer.json's model. */
  readonly model?: Json;
  /** Merged into tokenizer_config.json. */
  readonly tokenizerConfig?: Json;
  readonly config?: Json;
  readonly size?: number;
}

function metadataOf(
  folder: string,
  vocabularySize: number,
  config: Json = {},
): Promise<Map<string, GgufValue>> {
  return tokenizerMetadata({ folder, architecture: 'gpt2', vocabularySize, config });
}

async function convert(context: TestContext, parts: Tokenizer = {}): Promise<Map<string, GgufValue>> {
  const folder = await scratchFolder(context);
  const model = { ...TINY_TOKENIZER.model, ...parts.model };
  await writeJson(folder, 'tokenizer.json', { ...TINY_TOKENIZER, model, ...parts.tokenizer });
  await writeJson(folder, 'tokenizer_config.json', { ...TINY_TOKENIZER_CONFIG, ...parts.tokenizerConfig });
  return metadataOf(folder, parts.size ?? 14, parts.config);
}

function tokensOf(metadata: Map<string, GgufValue>): readonly string[] {
  return metadata.get('tokenizer.ggml.tokens')?.value as readonly string[];
}

function typesOf(metadata: Map<string, GgufValue>): number[] {
  return [...(metadata.get('tokenizer.ggml.token_type')?.value as Int32Array)];
}

const END = { id: 13, content: '<|endoftext|>', special: true };

describe('tokens and their types', () => {
  test('special tokens are control tokens, other added ones user-defined, the rest unused', async (context) => {
    const added_tokens = [
      END,
      { id: 14, content: 'two\u2581words', special: false },
      { id: 16, content: '<|looks_special|>', special: false },
      { id: 17, content: '<pad>', special: false },
    ];
    const metadata = await convert(context, { tokenizer: { added_tokens }, size: 20 });
    assert.deepEqual(tokensOf(metadata).slice(13), [
      '<|endoftext|>',
      'two words',
      '[PAD15]',
      '<|looks_special|>',
      '<pad>',
      '[PAD18]',
      '[PAD19]',
    ]);
    const { control, userDefined, unused, normal } = TOKEN_TYPES;
    assert.deepEqual(typesOf(metadata).slice(13), [
      control,
      userDefined,
      unused,
      control,
      control,
      unused,
      unused,
    ]);
    assert.ok(
      typesOf(metadata)
        .slice(0, 13)
        .every((type) => type === normal),
    );
  });

  test('a token of tokenizer_config.json that no file numbers gets the next id', async (context) => {
    const metadata = await convert(context, {
      tokenizerConfig: { pad_token: { content: '[pad]' } },
      size: 16,
    });
    assert.deepEqual(tokensOf(metadata).slice(13), ['<|endoftext|>', '[pad]', '[PAD15]']);
    assert.equal(typesOf(metadata)[14], TOKEN_TYPES.control);
  });

  test('vocab.json, merges.txt and added_tokens.json in place of tokenizer.json', async (context) => {
    const folder = await scratchFolder(context);
    await writeJson(folder, 'vocab.json', { x: 0, y: 1, xy: 2, '<|endoftext|>': 3 });
    await writeJson(folder, 'added_tokens.json', { '[new]': 4 });
    await writeFile(join(folder, 'merges.txt'), '#version: 0.2\r\nx y\r\n\r\n');
    const metadata = await metadataOf(folder, 5, {
      bos_token_id: 3,
      eos_token_id: [3],
      pad_token_id: null,
    });
    assert.deepEqual(tokensOf(metadata), ['x', 'y', 'xy', '<|endoftext|>', '[new]']);
    assert.deepEqual(typesOf(metadata), [1, 1, 1, TOKEN_TYPES.control, TOKEN_TYPES.userDefined]);
    assert.deepEqual(metadata.get('tokenizer.ggml.merges')?.value, ['x y']);
    assert.equal(metadata.get('tokenizer.ggml.bos_token_id')?.value, 3);
    assert.equal(metadata.has('tokenizer.ggml.eos_token_id'), false);
  });

  test('added_tokens.json numbers what tokenizer_config.json names', async (context) => {
    const folder = await scratchFolder(context);
    await writeJson(folder, 'vocab.json', { x: 0, y: 1, xy: 2 });
    await writeJson(folder, 'added_tokens.json', { '[new]': 4, '[pad]': 3 });
    await writeJson(folder, 'tokenizer_config.json', { pad_token: '[pad]', sep_token: '[sep]' });
    await writeFile(join(folder, 'merges.txt'), 'x y\n');
    const metadata = await metadataOf(folder, 6);
    assert.deepEqual(tokensOf(metadata).slice(3), ['[pad]', '[new]', '[sep]']);
    const { control, userDefined } = TOKEN_TYPES;
    assert.deepEqual(typesOf(metadata).slice(3), [control, userDefined, control]);
    await writeJson(folder, 'tokenizer_config.json', {
      added_tokens_decoder: { 5: { content: '[new]', special: true } },
    });
    await assert.rejects(metadataOf(folder, 6), /"\[new\]" has the ids 4 and 5/);
  });

  test('merges as pairs, with spaces inside', async (context) => {
    const vocab = { ...TINY_TOKENIZER.model.vocab, ' ': 14, ' t': 15 };
    const metadata = await convert(context, {
      model: {
        vocab,
        merges: [
          ['t', 'h'],
          [' ', 't'],
        ],
      },
      size: 16,
    });
    assert.deepEqual(metadata.get('tokenizer.ggml.merges')?.value, ['t h', 'Ġ t']);
  });
});

describe('special token ids', () => {
  test('come from tokenizer_config.json first, then from config.json', async (context) => {
    const metadata = await convert(context, {
      config: { bos_token_id: 1, pad_token_id: 2, sep_token_id: 3, mask_token_id: 4 },
    });
    const ids = [...metadata]
      .filter(([key]) => key.endsWith('_token_id'))
      .map(([key, { value }]) => [key.slice(15), value]);
    assert.deepEqual(ids, [
      ['bos_token_id', 13],
      ['eos_token_id', 13],
      ['unknown_token_id', 13],
      ['seperator_token_id', 3],
      ['padding_token_id', 2],
      ['mask_token_id', 4],
    ]);
  });

  test('add_bos_token and its like are taken over', async (context) => {
    const metadata = await convert(context, {
      tokenizerConfig: { add_bos_token: false, add_eos_token: true },
    });
    assert.deepEqual(metadata.get('tokenizer.ggml.add_bos_token'), { type: 'bool', value: false });
    assert.deepEqual(metadata.get('tokenizer.ggml.add_eos_token'), { type: 'bool', value: true });
    assert.equal(metadata.has('tokenizer.ggml.add_sep_token'), false);
  });

  test('a template around the text says which ones encoding adds', async (context) => {
    const special = { SpecialToken: { id: '<|endoftext|>', type_id: 0 } };
    const text = (id: string) => ({ Sequence: { id, type_id: 0 } });
    const post_processor = {
      type: 'Sequence',
      processors: [
        { type: 'ByteLevel' },
        {
          type: 'TemplateProcessing',
          single: [special, text('A')],
          pair: [special, text('A'), special, text('B')],
        },
      ],
    };
    const metadata = await convert(context, { tokenizer: { post_processor } });
    assert.equal(metadata.get('tokenizer.ggml.add_bos_token')?.value, true);
    assert.equal(metadata.get('tokenizer.ggml.add_sep_token')?.value, true);
    assert.equal(metadata.has('tokenizer.ggml.add_eos_token'), false);
  });

  test("RoBERTa's post-processor adds all three", async (context) => {
    const post_processor = { type: 'RobertaProcessing', cls: ['<s>', 0], sep: ['</s>', 2] };
    const metadata = await convert(context, { tokenizer: { post_processor } });
    for (const name of ['bos', 'eos', 'sep'])
      assert.equal(metadata.get(`tokenizer.ggml.add_${name}_token`)?.value, true);
  });
});

describe('chat templates', () => {
  test('one, out of tokenizer_config.json', async (context) => {
    const metadata = await convert(context, { tokenizerConfig: { chat_template: '{{ x }}' } });
    assert.equal(metadata.get('tokenizer.chat_template')?.value, '{{ x }}');
  });

  test('several by name', async (context) => {
    const chat_template = [
      { name: 'default', template: 'd' },
      { name: 'tool-use', template: 't' },
    ];
    const metadata = await convert(context, { tokenizerConfig: { chat_template } });
    assert.equal(metadata.get('tokenizer.chat_template')?.value, 'd');
    assert.equal(metadata.get('tokenizer.chat_template.tool_use')?.value, 't');
    assert.deepEqual(metadata.get('tokenizer.chat_templates')?.value, ['tool_use']);
  });

  test('chat_template.jinja', async (context) => {
    const folder = await scratchFolder(context);
    await writeJson(folder, 'tokenizer.json', TINY_TOKENIZER);
    await writeFile(join(folder, 'chat_template.jinja'), '{{ y }}');
    const metadata = await metadataOf(folder, 14);
    assert.equal(metadata.get('tokenizer.chat_template')?.value, '{{ y }}');
  });
});

describe('a tokenizer that cannot be expressed is refused', () => {
  const vocab = TINY_TOKENIZER.model.vocab;
  const cases: readonly (readonly [kind: string, parts: Tokenizer, message: RegExp])[] = [
    [
      'more tokens than embedding rows',
      { size: 13 },
      /token "<\|endoftext\|>" has id 13, but the embedding has only 13 rows/,
    ],
    ['one id for two tokens', { model: { vocab: { ...vocab, x: 0 } } }, /id 0 stands for both "a" and "x"/],
    [
      'one id for a token and an added one',
      { tokenizer: { added_tokens: [END, { id: 0, content: 'new' }] } },
      /id 0 stands for both "a" and "new"/,
    ],
    [
      'two ids for one token',
      { tokenizer: { added_tokens: [END, { id: 14, content: 'ab' }] }, size: 16 },
      /"ab" has the ids 12 and 14/,
    ],
    [
      'negative id',
      { model: { vocab: { ...vocab, x: -1 } } },
      /tokenizer.json: expected an id for token "x", received -1/,
    ],
    [
      'merge of an unknown token',
      { model: { merges: ['t x'] } },
      /merge 0 needs "x", which is not in the vocabulary/,
    ],
    ['merge without a result', { model: { merges: ['t h', 'a h'] } }, /merge 1 needs "ah"/],
    [
      'merge of three parts',
      { model: { merges: ['t h e'] } },
      /expected two parts for merge 0, received "t h e"/,
    ],
    ['unigram model', { model: { type: 'Unigram' } }, /tokenizer.json: model.type: .*BPE/],
    ['byte fallback', { model: { byte_fallback: true } }, /expected false for model.byte_fallback/],
    ['no merges', { model: { merges: [] } }, /there are no merges/],
    ['empty vocabulary', { model: { vocab: {} } }, /the vocabulary is empty/],
    ['vocabulary that is a list', { model: { vocab: [] } }, /expected an object of texts and ids/],
    ['dropout', { model: { dropout: 0.1 } }, /tokenizer.json: model.dropout: /],
    [
      'special token outside the embedding',
      { config: { sep_token_id: 14 } },
      /expected a token id for sep_token_id, received 14 \(the embedding has 14 rows\)/,
    ],
    [
      'added token that reads like the filler of a gap',
      { tokenizer: { added_tokens: [END, { id: 15, content: '[PAD14]' }] }, size: 16 },
      /"\[PAD14\]" has the ids 14 and 15/,
    ],
    ['normalizer', { tokenizer: { normalizer: { type: 'NFKC' } } }, /the normalizer "NFKC" is not supported/],
    [
      'no pre-tokenizer',
      { tokenizer: { pre_tokenizer: null } },
      /no known pre-tokenizer \(gpt-2, llama-bpe, .*\) cuts text as none does/,
    ],
    [
      'another pre-tokenizer',
      {
        tokenizer: {
          pre_tokenizer: {
            type: 'Sequence',
            pretokenizers: [{ type: 'Split' }, { type: 'ByteLevel', use_regex: false }],
          },
        },
      },
      /cuts text as Split \+ ByteLevel does/,
    ],
    [
      'space before the text',
      { tokenizer: { pre_tokenizer: { type: 'ByteLevel', add_prefix_space: true } } },
      /expected false for add_prefix_space/,
    ],
    [
      'space before the text, by tokenizer_config.json',
      { tokenizerConfig: { add_prefix_space: true } },
      /expected false for add_prefix_space/,
    ],
  ];
  for (const [kind, parts, message] of cases) {
    test(kind, async (context) => {
      await assert.rejects(convert(context, parts), message);
    });
  }

  test('no files at all', async (context) => {
    await assert.rejects(
      metadataOf(await scratchFolder(context), 1),
      /neither tokenizer.json nor vocab.json/,
    );
  });

  test('tokenizer.json that is no JSON', async (context) => {
    const folder = await scratchFolder(context);
    await writeFile(join(folder, 'tokenizer.json'), '{"model": ');
    await assert.rejects(metadataOf(folder, 1), /tokenizer.json: the file is not valid JSON/);
    await rm(join(folder, 'tokenizer.json'));
  });
});
