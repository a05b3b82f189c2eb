import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { described, metadataOf, refuses } from './described.js';

const SIZES = {
  vocab_size: 100,
  hidden_size: 16,
  intermediate_size: 24,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  max_position_embeddings: 64,
};

describe('Gemma 2', () => {
  const GEMMA2 = {
    ...SIZES,
    architectures: ['Gemma2ForCausalLM'],
    head_dim: 8,
    query_pre_attn_scalar: 8,
    sliding_window: 16,
  };

  test('metadata', () => {
    const expected = [
      'gemma2.context_length uint32 64',
      'gemma2.embedding_length uint32 16',
      'gemma2.block_count uint32 2',
      'gemma2.feed_forward_length uint32 24',
      'gemma2.attention.head_count uint32 4',
      'gemma2.attention.head_count_kv uint32 2',
      'gemma2.attention.layer_norm_rms_epsilon float32 0.000001',
      'gemma2.attention.key_length uint32 8',
      'gemma2.attention.value_length uint32 8',
      'file_type',
      'gemma2.attn_logit_softcapping float32 50',
      'gemma2.final_logit_softcapping float32 30',
      'gemma2.attention.sliding_window uint32 16',
    ];
    assert.deepEqual(metadataOf(GEMMA2), expected);
    assert.deepEqual(metadataOf({ ...GEMMA2, rope_theta: 500 }), [
      ...expected.slice(0, 6),
      'gemma2.rope.freq_base float32 500',
      ...expected.slice(6),
    ]);
  });

  test("transformers' defaults are the 2B model", () => {
    const lines = metadataOf({ model_type: 'gemma2' });
    assert.ok(lines.includes('gemma2.block_count uint32 26'));
    assert.ok(lines.includes('gemma2.attention.key_length uint32 256'));
    assert.ok(lines.includes('gemma2.attention.sliding_window uint32 4096'));
  });

  test('every norm gets 1 added, nothing else', () => {
    const model = described(GEMMA2);
    const changed = model.tensors.filter(({ transform }) => transform !== undefined);
    assert.deepEqual(
      changed.map(({ transform }) => transform),
      changed.map(() => ({ kind: 'add', value: 1 })),
    );
    assert.deepEqual(
      changed.map(({ source, target }) => `${source} ${target}`).filter((line) => !line.includes('1.')),
      [
        'norm.weight output_norm.weight',
        'layers.0.input_layernorm.weight blk.0.attn_norm.weight',
        'layers.0.post_attention_layernorm.weight blk.0.post_attention_norm.weight',
        'layers.0.pre_feedforward_layernorm.weight blk.0.ffn_norm.weight',
        'layers.0.post_feedforward_layernorm.weight blk.0.post_ffw_norm.weight',
      ],
    );
  });

  test('the 27B model scales queries by its width', () => {
    const big = { ...GEMMA2, num_hidden_layers: 46, query_pre_attn_scalar: 4 };
    assert.ok(metadataOf(big).includes('gemma2.block_count uint32 46'));
    refuses({ ...big, query_pre_attn_scalar: 8 }, /expected 4 for query_pre_attn_scalar, received 8/);
  });

  const refusals: readonly (readonly [object, RegExp])[] = [
    [{ hidden_activation: 'gelu' }, /for hidden_activation, received gelu/],
    [{ attention_bias: true }, /expected false for attention_bias/],
    [{ tie_word_embeddings: false }, /expected true for tie_word_embeddings/],
    [{ use_bidirectional_attention: true }, /expected false for use_bidirectional_attention/],
    [{ query_pre_attn_scalar: 256 }, /expected 8 for query_pre_attn_scalar, received 256/],
    [{ final_logit_softcapping: null }, /config.json: final_logit_softcapping: /],
    [{ sliding_window: null }, /config.json: sliding_window: /],
    [
      { layer_types: ['full_attention', 'sliding_attention'] },
      /expected sliding_attention and full_attention in turn for layer_types/,
    ],
    [{ rope_scaling: { type: 'linear', factor: 2 } }, /expected one of default for rope_scaling.rope_type/],
  ];
  for (const [entries, message] of refusals) {
    test(`refused: ${JSON.stringify(entries)}`, () => {
      refuses({ ...GEMMA2, ...entries }, message);
    });
  }
});
