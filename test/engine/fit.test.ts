import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { cacheBytes, fitCache, kvBytesPerToken } from '../../src/engine/fit.js';

const GIB = 2 ** 30;
const automatic = { contextSize: 0, parallelSequences: 0, beamCells: 0, kvLayout: 'split' } as const;

describe('KV bytes per token', () => {
  test('of GPT-2 124M', () => {
    const metadata = {
      'general.architecture': 'gpt2',
      'gpt2.block_count': '12',
      'gpt2.embedding_length': '768',
      'gpt2.attention.head_count': '12',
    };
    assert.equal(kvBytesPerToken(metadata, 'f16'), 12 * 768 * 2 * 2);
    assert.equal(kvBytesPerToken(metadata, 'f32'), 12 * 768 * 2 * 4);
    // 32 elements take 34 bytes.
    assert.equal(kvBytesPerToken(metadata, 'q8_0'), (12 * 768 * 2 * 34) / 32);
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
    assert.equal(kvBytesPerToken(metadata, 'f16'), 131_072);
  });

  test('of a cache: llama.cpp rounds cells up to multiples of 256', () => {
    assert.equal(cacheBytes(2048, 36_864), 2048 * 36_864);
    assert.equal(cacheBytes(300, 100), 512 * 100);
    assert.equal(cacheBytes(2048, null), 0);
  });

  test('are unknown without the metadata', () => {
    assert.equal(kvBytesPerToken({ 'general.architecture': 'rwkv6' }, 'f16'), null);
  });
});

describe('cache sizes', () => {
  test('are the trained context, 16 sequences and 4 contexts of beams for a small model', () => {
    assert.deepEqual(fitCache(automatic, 1024, 36_864, 8 * GIB), {
      contextSize: 1024,
      parallelSequences: 16,
      beamCells: 4096,
    });
  });

  test('give the beams 2048 cells where the context is short', () => {
    assert.equal(fitCache(automatic, 256, 36_864, 8 * GIB).beamCells, 2048);
  });

  test('give up beams first, down to a quarter: 8B parameters, 32k positions, 64 GiB', () => {
    assert.deepEqual(fitCache(automatic, 32_768, 131_072, 64 * GIB), {
      contextSize: 32_768,
      parallelSequences: 6,
      beamCells: 65_536,
    });
  });

  test('then sequences: 128k positions', () => {
    assert.deepEqual(fitCache(automatic, 131_072, 131_072, 64 * GIB), {
      contextSize: 131_072,
      parallelSequences: 1,
      beamCells: 131_072,
    });
  });

  test('then context: the same model in 16 GiB', () => {
    assert.deepEqual(fitCache(automatic, 131_072, 131_072, 16 * GIB), {
      contextSize: 32_768,
      parallelSequences: 1,
      beamCells: 32_768,
    });
  });

  test('leave beams to the one pool of the unified layout', () => {
    assert.deepEqual(fitCache({ ...automatic, kvLayout: 'unified' }, 131_072, 131_072, 16 * GIB), {
      contextSize: 65_536,
      parallelSequences: 1,
      beamCells: 0,
    });
  });

  test('keep what was configured', () => {
    assert.deepEqual(fitCache({ ...automatic, contextSize: 4096 }, 131_072, 131_072, 8 * GIB), {
      contextSize: 4096,
      parallelSequences: 6,
      beamCells: 8192,
    });
    assert.deepEqual(fitCache({ ...automatic, beamCells: 16_384 }, 131_072, 131_072, 8 * GIB), {
      contextSize: 16_384,
      parallelSequences: 1,
      beamCells: 16_384,
    });
    const all = { contextSize: 4096, parallelSequences: 64, beamCells: 300_000 };
    assert.deepEqual(fitCache({ ...automatic, ...all }, 131_072, 131_072, GIB), all);
  });

  test('need no metadata', () => {
    const sizes = { contextSize: 2048, parallelSequences: 16, beamCells: 8192 };
    assert.deepEqual(fitCache(automatic, 2048, null, GIB), sizes);
  });
});
