import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { described, metadataOf, refuses, rowOrder, rowsOf, ruleOf } from './described.js';

const SIZES = {
  vocab_size: 100,
  hidden_size: 16,
  intermediate_size: 24,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  max_position_embeddings: 64,
};

describe('GPT-NeoX', () => {
  const NEOX = { ...SIZES, architectures: ['GPTNeoXForCausalLM'], num_key_value_heads: undefined };

  test('metadata, the rotated share in the old layout and the new', () => {
    const expected = [
      'gptneox.context_length uint32 64',
      'gptneox.embedding_length uint32 16',
      'gptneox.block_count uint32 2',
      'gptneox.feed_forward_length uint32 24',
      'gptneox.rope.dimension_count uint32 2',
      'gptneox.attention.head_count uint32 4',
      'gptneox.use_parallel_residual bool true',
      'gptneox.attention.layer_norm_epsilon float32 0.00001',
      'file_type',
    ];
    assert.deepEqual(metadataOf({ ...NEOX, rotary_pct: 0.5, rotary_emb_base: 10_000 }), expected);
    const parameters = { rope_type: 'default', partial_rotary_factor: 0.5, rope_theta: 10_000 };
    assert.deepEqual(metadataOf({ ...NEOX, rope_parameters: parameters }), expected);
  });

  test("transformers' defaults", () => {
    assert.deepEqual(metadataOf({ model_type: 'gpt_neox' }), [
      'gptneox.context_length uint32 2048',
      'gptneox.embedding_length uint32 6144',
      'gptneox.block_count uint32 44',
      'gptneox.feed_forward_length uint32 24576',
      'gptneox.rope.dimension_count uint32 24',
      'gptneox.attention.head_count uint32 64',
      'gptneox.use_parallel_residual bool true',
      'gptneox.attention.layer_norm_epsilon float32 0.00001',
      'file_type',
    ]);
  });

  test('a base or a scaling that llama.cpp would not assume is written', () => {
    const lines = metadataOf({
      ...NEOX,
      rotary_pct: 1,
      rotary_emb_base: 500,
      rope_scaling: { type: 'linear', factor: 4 },
      use_parallel_residual: false,
    });
    assert.deepEqual(lines.slice(4, 10), [
      'gptneox.rope.dimension_count uint32 4',
      'gptneox.attention.head_count uint32 4',
      'gptneox.rope.scaling.type string linear',
      'gptneox.rope.scaling.factor float32 4',
      'gptneox.rope.freq_base float32 500',
      'gptneox.use_parallel_residual bool false',
    ]);
  });

  test('every tensor', () => {
    assert.deepEqual(rowsOf({ ...NEOX, rotary_pct: 1 }), [
      'embed_in.weight -> token_embd.weight [100, 16]',
      'final_layer_norm.weight -> output_norm.weight [16]',
      'final_layer_norm.bias -> output_norm.bias [16]',
      'embed_out.weight -> output.weight [100, 16]',
      'layers.0.input_layernorm.weight -> blk.0.attn_norm.weight [16]',
      'layers.0.input_layernorm.bias -> blk.0.attn_norm.bias [16]',
      'layers.0.post_attention_layernorm.weight -> blk.0.ffn_norm.weight [16]',
      'layers.0.post_attention_layernorm.bias -> blk.0.ffn_norm.bias [16]',
      'layers.0.attention.query_key_value.weight -> blk.0.attn_qkv.weight [48, 16] rows',
      'layers.0.attention.query_key_value.bias -> blk.0.attn_qkv.bias [48] rows',
      'layers.0.attention.dense.weight -> blk.0.attn_output.weight [16, 16]',
      'layers.0.attention.dense.bias -> blk.0.attn_output.bias [16]',
      'layers.0.mlp.dense_h_to_4h.weight -> blk.0.ffn_up.weight [24, 16]',
      'layers.0.mlp.dense_h_to_4h.bias -> blk.0.ffn_up.bias [24]',
      'layers.0.mlp.dense_4h_to_h.weight -> blk.0.ffn_down.weight [16, 24]',
      'layers.0.mlp.dense_4h_to_h.bias -> blk.0.ffn_down.bias [16]',
    ]);
  });

  test('queries, keys and values of all heads are gathered', () => {
    const model = described({ ...NEOX, hidden_size: 4, num_attention_heads: 2, rotary_pct: 1 });
    assert.deepEqual(
      rowOrder(ruleOf(model, 'layers.1.attention.query_key_value.bias')),
      // In the checkpoint: q, k, v of head 0 (rows 0 to 5), then of head 1.
      [0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11],
    );
  });

  const refusals: readonly (readonly [object, RegExp])[] = [
    [{ hidden_act: 'relu' }, /for hidden_act, received relu/],
    [{ attention_bias: false }, /expected true for attention_bias, received false/],
    [{ tie_word_embeddings: true }, /expected false for tie_word_embeddings, received true/],
    [{ rotary_pct: 0.25 }, /expected an even number for rotated dimensions of a head, received 1/],
    [{ hidden_size: 18 }, /expected a multiple of num_attention_heads \(4\) for hidden_size, received 18/],
    [
      { rope_scaling: { type: 'llama3', factor: 2 } },
      /expected one of default, linear, dynamic, yarn for rope_scaling.rope_type, received llama3/,
    ],
  ];
  for (const [entries, message] of refusals) {
    test(`refused: ${JSON.stringify(entries)}`, () => {
      refuses({ ...NEOX, rotary_pct: 1, ...entries }, message);
    });
  }
});
