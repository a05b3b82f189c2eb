import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { metadataOf, refuses, rowsOf } from './described.js';

const SIZES = {
  vocab_size: 100,
  hidden_size: 16,
  intermediate_size: 24,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  max_position_embeddings: 64,
};

describe('Qwen3', () => {
  const QWEN3 = { ...SIZES, architectures: ['Qwen3ForCausalLM'], head_dim: 8, rope_theta: 1e6 };

  test('metadata, heads of 128 dimensions by default', () => {
    const tail = (config: object): string[] => metadataOf({ ...QWEN3, ...config }).slice(-4);
    assert.deepEqual(tail({}), [
      'qwen3.attention.layer_norm_rms_epsilon float32 0.000001',
      'qwen3.attention.key_length uint32 8',
      'qwen3.attention.value_length uint32 8',
      'file_type',
    ]);
    assert.equal(tail({ head_dim: undefined })[1], 'qwen3.attention.key_length uint32 128');
  });

  test("norms of heads, no biases, heads' own size", () => {
    assert.deepEqual(
      rowsOf(QWEN3).filter((row) => row.includes('self_attn')),
      [
        'layers.0.self_attn.q_proj.weight -> blk.0.attn_q.weight [32, 16]',
        'layers.0.self_attn.k_proj.weight -> blk.0.attn_k.weight [16, 16]',
        'layers.0.self_attn.v_proj.weight -> blk.0.attn_v.weight [16, 16]',
        'layers.0.self_attn.o_proj.weight -> blk.0.attn_output.weight [16, 32]',
        'layers.0.self_attn.q_norm.weight -> blk.0.attn_q_norm.weight [8]',
        'layers.0.self_attn.k_norm.weight -> blk.0.attn_k_norm.weight [8]',
      ],
    );
  });

  test('refused: biases, experts', () => {
    refuses({ ...QWEN3, attention_bias: true }, /expected false for attention_bias, received true/);
    refuses({ ...QWEN3, num_experts: 128 }, /no mixture of experts for num_experts, received 128/);
  });
});
