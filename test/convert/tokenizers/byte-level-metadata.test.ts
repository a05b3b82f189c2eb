import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { folder, LETTERS, LLAMA3, sequence, split } from './tiny-byte-level.js';
import { convertTokenizer, type Json, keysOf } from './tokenizer-folder.js';

describe('the first token that llama.cpp would put in by itself', () => {
  const pre_tokenizer = sequence(split(LLAMA3), LETTERS);
  const key = 'tokenizer.ggml.add_bos_token';

  test('is denied where no file asks for it', async (context) => {
    const metadata = await convertTokenizer(context, folder({ pre_tokenizer, ignoreMerges: true }));
    assert.equal(metadata.get(key)?.value, false);
    const merged = await convertTokenizer(context, folder({ pre_tokenizer }));
    assert.equal(merged.has(key), false);
  });

  test('stays where the template has it', async (context) => {
    const post_processor = {
      type: 'TemplateProcessing',
      single: [{ SpecialToken: { id: '<s>' } }, { Sequence: { id: 'A' } }],
    };
    const metadata = await convertTokenizer(
      context,
      folder({ pre_tokenizer, ignoreMerges: true, tokenizer: { post_processor } }),
    );
    assert.equal(metadata.get(key)?.value, true);
  });
});

test('an end token in the template leaves the former one as the end of a turn', async (context) => {
  const added_tokens = ['<s>', '</s>', '<|im_end|>'].map((content, index) => ({
    id: 3 + index,
    content,
    special: true,
  }));
  const post_processor = {
    type: 'TemplateProcessing',
    single: [{ Sequence: { id: 'A' } }, { SpecialToken: { id: '</s>' } }],
  };
  const parts = folder({
    pre_tokenizer: { type: 'ByteLevel' },
    tokenizer: { added_tokens, post_processor },
    tokenizerConfig: { eos_token: '<|im_end|>' },
  });
  const metadata = await convertTokenizer(context, { ...parts, size: 6 });
  assert.equal(metadata.get('tokenizer.ggml.eos_token_id')?.value, 4);
  assert.equal(metadata.get('tokenizer.ggml.eot_token_id')?.value, 5);
  assert.equal(metadata.get('tokenizer.ggml.add_eos_token')?.value, true);
});

test("LLaMA's converter writes add_prefix_space before all else", async (context) => {
  const parts = { pre_tokenizer: { type: 'ByteLevel' }, tokenizerConfig: { add_prefix_space: false } };
  assert.equal(keysOf(await convertTokenizer(context, folder(parts)))[0], 'add_space_prefix');
  const qwen = await convertTokenizer(context, folder({ ...parts, architecture: 'qwen2' }));
  assert.equal(qwen.has('tokenizer.ggml.add_space_prefix'), false);
});

test('a token may be called as JavaScript calls its own things', async (context) => {
  const vocab = JSON.parse('{"a":0,"__proto__":1,"constructor":2,"b":3,"ab":4}') as Json;
  const parts = folder({
    pre_tokenizer: { type: 'ByteLevel' },
    tokenizer: { added_tokens: [], model: { vocab, merges: ['a b'] } },
  });
  const metadata = await convertTokenizer(context, { ...parts, size: 6 });
  assert.deepEqual(metadata.get('tokenizer.ggml.tokens')?.value, [
    'a',
    '__proto__',
    'constructor',
    'b',
    'ab',
    '<s>',
  ]);
});

test('templates of chats in files of their own', async (context) => {
  const { files, ...parts } = folder({ pre_tokenizer: { type: 'ByteLevel' } });
  const json = await convertTokenizer(context, {
    ...parts,
    files: { ...files, 'chat_template.json': { chat_template: 'j' } },
  });
  assert.equal(json.get('tokenizer.chat_template')?.value, 'j');
  const named = await convertTokenizer(context, {
    ...parts,
    files: {
      ...files,
      'chat_template.jinja': 'd',
      'additional_chat_templates/tool-use.jinja': 't',
      'additional_chat_templates/rag.jinja': 'r',
    },
  });
  assert.equal(named.get('tokenizer.chat_template')?.value, 'd');
  assert.equal(named.get('tokenizer.chat_template.tool_use')?.value, 't');
  assert.deepEqual(named.get('tokenizer.chat_templates')?.value, ['rag', 'tool_use']);
});
