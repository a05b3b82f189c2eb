import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { fitCache, kvBytesPerToken } from '../../src/engine/fit.js';

const GIB = 2 ** 30;
const automatic = { contextSize: 0, parallelSequences: 0 };

describe('KV bytes per token', () => {
  test('of GPT-2 124M', () => {
    const metadata = {
      'general.architecture': 'gpt2',
      'gpt2.block_count': '12',
      'gpt2.embedding_length': '768',
      'gpt2.attention.head_count': '12',
    };
    assert.equal(kvBytesPerToken(metadata), 12 * 768 * 2 * 2);
  });

  test('of a model with grouped queries and its own key length', () => {
    const metadata = {
      'general.architecture': 'llama',
      'llama.block_count': '32',
      'llama.embedding_length': '4096',
      'llama.attention.head_count': '32',
      'llama.attention.head_count_kv': '8',
      'llama.attention.key_length': '128',
      'llama.attention.value_length': '128',
    };
    assert.equal(kvBytesPerToken(metadata), 131_072);
  });

  test('are unknown without the metadata', () => {
    assert.equal(kvBytesPerToken({ 'general.architecture': 'rwkv6' }), null);
  });
});

describe('cache sizes', () => {
  test('are the trained context and 16 sequences for a small model', () => {
    assert.deepEqual(fitCache(automatic, 1024, 36_864, 8 * GIB), {
      contextSize: 1024,
      parallelSequences: 16,
    });
  });

  test('give up sequences first: 8B parameters, 128k positions, 64 GiB', () => {
    assert.deepEqual(fitCache(automatic, 131_072, 131_072, 64 * GIB), {
      contextSize: 131_072,
      parallelSequences: 2,
    });
  });

  test('then context: the same model in 16 GiB', () => {
    assert.deepEqual(fitCache(automatic, 131_072, 131_072, 16 * GIB), {
      contextSize: 65_536,
      parallelSequences: 1,
    });
  });

  test('keep what was configured', () => {
    const wanted = { contextSize: 4096, parallelSequences: 0 };
    assert.deepEqual(fitCache(wanted, 131_072, 131_072, 8 * GIB), {
      contextSize: 4096,
      parallelSequences: 8,
    });
    const both = { contextSize: 4096, parallelSequences: 64 };
    assert.deepEqual(fitCache(both, 131_072, 131_072, GIB), both);
  });

  test('need no metadata', () => {
    assert.deepEqual(fitCache(automatic, 2048, null, GIB), { contextSize: 2048, parallelSequences: 16 });
  });
});
