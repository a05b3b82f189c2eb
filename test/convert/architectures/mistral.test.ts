import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { described, metadataOf, rowsOf } from './described.js';

const LLAMA = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  vocab_size: 100,
  hidden_size: 16,
  intermediate_size: 24,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  max_position_embeddings: 64,
  rms_norm_eps: 1e-5,
};

describe('Mistral', () => {
  const MISTRAL = {
    ...LLAMA,
    architectures: ['MistralForCausalLM'],
    model_type: 'mistral',
    sliding_window: null,
  };

  test('is LLaMA to llama.cpp; the size of a head only where config.json has it', () => {
    const plain = metadataOf(LLAMA).filter((line) => !/(key|value)_length/.test(line));
    assert.deepEqual(metadataOf(MISTRAL), plain);
    assert.deepEqual(metadataOf({ ...MISTRAL, head_dim: null }), plain);
    assert.deepEqual(metadataOf({ ...MISTRAL, head_dim: 4 }), metadataOf(LLAMA));
    assert.deepEqual(rowsOf(MISTRAL), rowsOf(LLAMA));
  });

  test("transformers' defaults", () => {
    const lines = metadataOf({ model_type: 'mistral' });
    assert.ok(lines.includes('llama.attention.head_count_kv uint32 8'));
    assert.ok(lines.includes('llama.context_length uint32 131072'));
    assert.ok(lines.includes('llama.feed_forward_length uint32 14336'));
  });

  test('a window shorter than the context is warned of', () => {
    const warnings = (window: object): readonly string[] | undefined =>
      described({ ...MISTRAL, ...window }).warnings;
    assert.deepEqual(warnings({}), []);
    assert.deepEqual(warnings({ sliding_window: 64 }), []);
    assert.match(warnings({ sliding_window: 32 })?.join() ?? '', /^sliding_window 32: llama.cpp/);
    assert.match(described({ model_type: 'mistral' }).warnings?.join() ?? '', /^sliding_window 4096: /);
  });

  test('biases have no place', () => {
    assert.deepEqual(rowsOf({ ...MISTRAL, attention_bias: true }), rowsOf(LLAMA));
  });
});
