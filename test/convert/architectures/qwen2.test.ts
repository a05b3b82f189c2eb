import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { described, metadataOf, refuses, rowsOf } from './described.js';

const SIZES = {
  vocab_size: 100,
  hidden_size: 16,
  intermediate_size: 24,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  max_position_embeddings: 64,
};

describe('Qwen2', () => {
  const QWEN2 = { ...SIZES, architectures: ['Qwen2ForCausalLM'], rope_theta: 1e6 };
  const METADATA = [
    'qwen2.block_count uint32 2',
    'qwen2.context_length uint32 64',
    'qwen2.embedding_length uint32 16',
    'qwen2.feed_forward_length uint32 24',
    'qwen2.attention.head_count uint32 4',
    'qwen2.attention.head_count_kv uint32 2',
    'qwen2.rope.freq_base float32 1000000',
    'qwen2.attention.layer_norm_rms_epsilon float32 0.000001',
    'file_type',
  ];

  test('metadata', () => {
    assert.deepEqual(metadataOf(QWEN2), METADATA);
    assert.deepEqual(metadataOf({ ...QWEN2, head_dim: 4 }), [
      ...METADATA.slice(0, -1),
      'qwen2.attention.key_length uint32 4',
      'qwen2.attention.value_length uint32 4',
      'file_type',
    ]);
  });

  test('biases of queries, keys and values, nothing reordered', () => {
    const rows = rowsOf({ ...QWEN2, tie_word_embeddings: true });
    assert.deepEqual(
      rows.filter((row) => /attn_[qkv]|output\.|optional|rows/.test(row)),
      [
        'lm_head.weight -> output.weight [100, 16] optional',
        'layers.0.self_attn.q_proj.weight -> blk.0.attn_q.weight [16, 16]',
        'layers.0.self_attn.q_proj.bias -> blk.0.attn_q.bias [16]',
        'layers.0.self_attn.k_proj.weight -> blk.0.attn_k.weight [8, 16]',
        'layers.0.self_attn.k_proj.bias -> blk.0.attn_k.bias [8]',
        'layers.0.self_attn.v_proj.weight -> blk.0.attn_v.weight [8, 16]',
        'layers.0.self_attn.v_proj.bias -> blk.0.attn_v.bias [8]',
        'layers.0.self_attn.o_proj.weight -> blk.0.attn_output.weight [16, 16]',
      ],
    );
  });

  test('a window is warned of where a layer uses it', () => {
    const warned = (entries: object): boolean =>
      described({ ...QWEN2, sliding_window: 8, ...entries }).warnings?.length === 1;
    assert.equal(warned({}), false);
    assert.equal(warned({ use_sliding_window: true }), false);
    assert.equal(warned({ use_sliding_window: true, max_window_layers: 1 }), true);
    assert.equal(
      warned({ use_sliding_window: true, layer_types: ['full_attention', 'sliding_attention'] }),
      true,
    );
    assert.equal(warned({ use_sliding_window: true, max_window_layers: 0, sliding_window: 64 }), false);
  });

  test('heads of another size than llama.cpp derives are refused', () => {
    refuses({ ...QWEN2, head_dim: 8 }, /expected 4 for head_dim, received 8/);
  });

  test('types of stretching that its graph has no tensors for are refused', () => {
    refuses(
      { ...QWEN2, rope_scaling: { type: 'llama3', factor: 2 } },
      /expected one of default, linear, dynamic, yarn for rope_scaling.rope_type/,
    );
  });
});
