import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { described, metadataOf, refuses, rowOrder, rowsOf, ruleOf } from './described.js';

const SMALL = {
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

describe('LLaMA', () => {
  test('config.json of LLaMA 1: as many key heads as heads, rotary base 10,000', () => {
    const config = { ...SMALL, architectures: ['LLaMAForCausalLM'], num_key_value_heads: undefined };
    assert.deepEqual(metadataOf(config), [
      'llama.block_count uint32 2',
      'llama.context_length uint32 64',
      'llama.embedding_length uint32 16',
      'llama.feed_forward_length uint32 24',
      'llama.attention.head_count uint32 4',
      'llama.attention.head_count_kv uint32 4',
      'llama.rope.freq_base float32 10000',
      'llama.attention.layer_norm_rms_epsilon float32 0.00001',
      'llama.attention.key_length uint32 4',
      'llama.attention.value_length uint32 4',
      'file_type',
      'llama.vocab_size uint32 100',
      'llama.rope.dimension_count uint32 4',
    ]);
  });

  test("an empty config.json means transformers' defaults", () => {
    assert.deepEqual(metadataOf({ model_type: 'llama' }), [
      'llama.block_count uint32 32',
      'llama.context_length uint32 2048',
      'llama.embedding_length uint32 4096',
      'llama.feed_forward_length uint32 11008',
      'llama.attention.head_count uint32 32',
      'llama.attention.head_count_kv uint32 32',
      'llama.rope.freq_base float32 10000',
      'llama.attention.layer_norm_rms_epsilon float32 0.000001',
      'llama.attention.key_length uint32 128',
      'llama.attention.value_length uint32 128',
      'file_type',
      'llama.vocab_size uint32 32000',
      'llama.rope.dimension_count uint32 128',
    ]);
  });

  test('every tensor, with heads of their own size', () => {
    assert.deepEqual(rowsOf({ ...SMALL, head_dim: 6 }), [
      'embed_tokens.weight -> token_embd.weight [100, 16]',
      'norm.weight -> output_norm.weight [16]',
      'lm_head.weight -> output.weight [100, 16]',
      'layers.0.input_layernorm.weight -> blk.0.attn_norm.weight [16]',
      'layers.0.post_attention_layernorm.weight -> blk.0.ffn_norm.weight [16]',
      'layers.0.self_attn.q_proj.weight -> blk.0.attn_q.weight [24, 16] rows',
      'layers.0.self_attn.k_proj.weight -> blk.0.attn_k.weight [12, 16] rows',
      'layers.0.self_attn.v_proj.weight -> blk.0.attn_v.weight [12, 16]',
      'layers.0.self_attn.o_proj.weight -> blk.0.attn_output.weight [16, 24]',
      'layers.0.mlp.gate_proj.weight -> blk.0.ffn_gate.weight [24, 16]',
      'layers.0.mlp.up_proj.weight -> blk.0.ffn_up.weight [24, 16]',
      'layers.0.mlp.down_proj.weight -> blk.0.ffn_down.weight [16, 24]',
    ]);
  });

  test('biases where config.json says so, reordered like their weights', () => {
    const rows = rowsOf({ ...SMALL, attention_bias: true, mlp_bias: true });
    assert.deepEqual(
      rows.filter((row) => row.includes('.bias')),
      [
        'layers.0.self_attn.q_proj.bias -> blk.0.attn_q.bias [16] rows',
        'layers.0.self_attn.k_proj.bias -> blk.0.attn_k.bias [8] rows',
        'layers.0.self_attn.v_proj.bias -> blk.0.attn_v.bias [8]',
        'layers.0.self_attn.o_proj.bias -> blk.0.attn_output.bias [16]',
        'layers.0.mlp.gate_proj.bias -> blk.0.ffn_gate.bias [24]',
        'layers.0.mlp.up_proj.bias -> blk.0.ffn_up.bias [24]',
        'layers.0.mlp.down_proj.bias -> blk.0.ffn_down.bias [16]',
      ],
    );
  });

  test("a head's halves are interleaved, of queries and of fewer keys", () => {
    const model = described({ ...SMALL, num_attention_heads: 2, num_key_value_heads: 1, head_dim: 6 });
    const keys = [0, 3, 1, 4, 2, 5];
    assert.deepEqual(rowOrder(ruleOf(model, 'layers.1.self_attn.k_proj.weight')), keys);
    assert.deepEqual(rowOrder(ruleOf(model, 'layers.1.self_attn.q_proj.weight')), [
      ...keys,
      ...keys.map((row) => row + 6),
    ]);
  });

  test('an output matrix may be absent only where the embedding stands in for it', () => {
    const optional = (config: object): boolean | undefined =>
      ruleOf(described({ ...SMALL, ...config }), 'lm_head.weight').optional;
    assert.equal(optional({}), false);
    assert.equal(optional({ tie_word_embeddings: true }), true);
    assert.equal(optional({ architectures: ['LlamaModel'] }), true);
  });

  test('a base model without an output matrix is warned of', () => {
    const { warnings = [] } = described({ ...SMALL, architectures: ['LlamaModel'] });
    assert.equal(warnings.length, 1);
    assert.match(warnings.join(), /base model without an output matrix/);
    assert.deepEqual(described(SMALL).warnings, []);
  });

  const refusals: readonly (readonly [string, object, RegExp])[] = [
    ['another activation', { hidden_act: 'gelu' }, /expected silu or swish for hidden_act, received gelu/],
    [
      'heads that do not divide',
      { hidden_size: 18 },
      /a multiple of num_attention_heads \(4\) for hidden_size, received 18/,
    ],
    [
      'key heads that do not divide',
      { num_key_value_heads: 3 },
      /a multiple of num_key_value_heads \(3\) for num_attention_heads, received 4/,
    ],
    ['odd heads', { head_dim: 5 }, /expected an even number for head_dim, received 5/],
    [
      'a mixture of experts',
      { num_local_experts: 8 },
      /no mixture of experts for num_local_experts, received 8/,
    ],
    ['attention in both directions', { is_causal: false }, /expected true for is_causal, received false/],
    [
      'layers of another kind',
      { layer_types: ['linear_attention', 'full_attention'] },
      /expected full_attention or sliding_attention for layer_types, received linear_attention/,
    ],
    [
      'part of a head rotated',
      { partial_rotary_factor: 0.5 },
      /expected 1 for partial_rotary_factor, received 0.5/,
    ],
    ['a size that is none', { hidden_size: 0 }, /config.json: hidden_size: /],
    [
      'quantised weights',
      { quantization_config: { quant_method: 'gptq', bits: 4 } },
      /received quantization_config: already quantised by "gptq"/,
    ],
    ['quantised weights of no name', { quantization_config: {} }, /already quantised by an unnamed method/],
  ];
  for (const [kind, entries, message] of refusals) {
    test(`refused: ${kind}`, () => {
      refuses({ ...SMALL, ...entries }, message);
    });
  }

  test('entries that change nothing are no obstacle', () => {
    const config = { ...SMALL, pretraining_tp: 2, auto_map: { AutoModel: 'm.M' }, quantization_config: null };
    assert.deepEqual(metadataOf(config), metadataOf(SMALL));
  });
});
