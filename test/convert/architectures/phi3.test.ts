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

describe('Phi-3', () => {
  const PHI3 = { ...SIZES, architectures: ['Phi3ForCausalLM'], rms_norm_eps: 1e-5 };
  const METADATA = [
    'phi3.context_length uint32 64',
    'phi3.rope.scaling.original_context_length uint32 32',
    'phi3.embedding_length uint32 16',
    'phi3.feed_forward_length uint32 24',
    'phi3.block_count uint32 2',
    'phi3.attention.head_count uint32 4',
    'phi3.attention.head_count_kv uint32 2',
    'phi3.attention.layer_norm_rms_epsilon float32 0.00001',
    'phi3.rope.dimension_count uint32 4',
    'phi3.rope.freq_base float32 10000',
    'file_type',
  ];

  test('metadata; a window of 0 where there is none', () => {
    const config = { ...PHI3, original_max_position_embeddings: 32 };
    assert.deepEqual(metadataOf(config), [...METADATA, 'phi3.attention.sliding_window uint32 0']);
    const windowed = { ...config, sliding_window: 16 };
    assert.deepEqual(metadataOf(windowed), [...METADATA, 'phi3.attention.sliding_window uint32 16']);
    assert.match(described(windowed).warnings?.join() ?? '', /^sliding_window 16: /);
  });

  test("transformers' default for the original context, even where the parameters say otherwise", () => {
    const line = 'phi3.rope.scaling.original_context_length uint32 4096';
    assert.ok(metadataOf(PHI3).includes(line));
    assert.ok(
      metadataOf({ ...PHI3, rope_parameters: { original_max_position_embeddings: 8 } }).includes(line),
    );
  });

  test('long contexts: factors as tensors, the attention factor before everything', () => {
    const factors = { long_factor: [2, 3], short_factor: [1, 1.5] };
    const config = { ...PHI3, max_position_embeddings: 1024, original_max_position_embeddings: 32 };
    for (const type of ['longrope', 'su', 'yarn']) {
      const model = described({ ...config, rope_scaling: { type, ...factors } });
      const [key, value] = [...(model.metadataFirst ?? [])][0] ?? [];
      assert.equal(key, 'phi3.rope.scaling.attn_factor');
      assert.ok(Math.abs(Number(value?.value) - Math.SQRT2) < 1e-12);
      assert.deepEqual(
        model.generated?.map(({ target, values }) => [target, ...values]),
        [
          ['rope_factors_long.weight', 2, 3],
          ['rope_factors_short.weight', 1, 1.5],
        ],
      );
    }
    assert.equal(described(config).metadataFirst?.size, 0);
  });

  test('part of a head rotated, in either layout', () => {
    const line = 'phi3.rope.dimension_count uint32 2';
    assert.ok(metadataOf({ ...PHI3, partial_rotary_factor: 0.5 }).includes(line));
    assert.ok(metadataOf({ ...PHI3, rope_parameters: { partial_rotary_factor: 0.5 } }).includes(line));
  });

  test('fused matrices stay fused', () => {
    assert.deepEqual(rowsOf({ ...PHI3, tie_word_embeddings: true }), [
      'embed_tokens.weight -> token_embd.weight [100, 16]',
      'norm.weight -> output_norm.weight [16]',
      'lm_head.weight -> output.weight [100, 16] optional',
      'layers.0.input_layernorm.weight -> blk.0.attn_norm.weight [16]',
      'layers.0.post_attention_layernorm.weight -> blk.0.ffn_norm.weight [16]',
      'layers.0.self_attn.qkv_proj.weight -> blk.0.attn_qkv.weight [32, 16]',
      'layers.0.self_attn.o_proj.weight -> blk.0.attn_output.weight [16, 16]',
      'layers.0.mlp.gate_up_proj.weight -> blk.0.ffn_up.weight [48, 16]',
      'layers.0.mlp.down_proj.weight -> blk.0.ffn_down.weight [16, 24]',
    ]);
  });

  const refusals: readonly (readonly [object, RegExp])[] = [
    [{ attention_bias: true }, /expected false for attention_bias/],
    [{ mlp_bias: true }, /expected false for mlp_bias/],
    [{ head_dim: 8 }, /expected 4 for head_dim, received 8/],
    [{ partial_rotary_factor: 0.75 }, /expected an even number for rotated dimensions of a head, received 3/],
    [
      { rope_scaling: { type: 'linear', factor: 2 } },
      /expected one of default, longrope for rope_scaling.rope_type, received linear/,
    ],
    [
      { rope_scaling: { type: 'longrope', long_factor: [1, 2, 3], short_factor: [1, 2] } },
      /expected 2 numbers for long_factor, received 3/,
    ],
  ];
  for (const [entries, message] of refusals) {
    test(`refused: ${JSON.stringify(entries)}`, () => {
      refuses({ ...PHI3, ...entries }, message);
    });
  }
});
