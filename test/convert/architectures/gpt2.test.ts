import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { described, metadataOf, refuses, rowsOf, ruleOf } from './described.js';

const SMALL = {
  architectures: ['GPT2LMHeadModel'],
  vocab_size: 100,
  n_positions: 64,
  n_embd: 16,
  n_layer: 2,
  n_head: 4,
};

const METADATA = [
  'gpt2.block_count uint32 2',
  'gpt2.context_length uint32 64',
  'gpt2.embedding_length uint32 16',
  'gpt2.feed_forward_length uint32 64',
  'gpt2.attention.head_count uint32 4',
  'gpt2.attention.layer_norm_epsilon float32 0.00001',
  'file_type',
];

describe('GPT-2', () => {
  test('metadata, by own names and by the names that transformers gives all models', () => {
    assert.deepEqual(metadataOf(SMALL), METADATA);
    const renamed = {
      architectures: SMALL.architectures,
      vocab_size: 100,
      max_position_embeddings: 64,
      hidden_size: 16,
      num_hidden_layers: 2,
      num_attention_heads: 4,
    };
    assert.deepEqual(metadataOf(renamed), METADATA);
  });

  test("transformers' defaults are the 124M model", () => {
    assert.deepEqual(metadataOf({ model_type: 'gpt2' }), [
      'gpt2.block_count uint32 12',
      'gpt2.context_length uint32 1024',
      'gpt2.embedding_length uint32 768',
      'gpt2.feed_forward_length uint32 3072',
      'gpt2.attention.head_count uint32 12',
      'gpt2.attention.layer_norm_epsilon float32 0.00001',
      'file_type',
    ]);
  });

  test('every tensor; matrices are transposed', () => {
    assert.deepEqual(rowsOf({ ...SMALL, n_inner: 24 }), [
      'wte.weight -> token_embd.weight [100, 16]',
      'wpe.weight -> position_embd.weight [64, 16]',
      'ln_f.weight -> output_norm.weight [16]',
      'ln_f.bias -> output_norm.bias [16]',
      'lm_head.weight -> output.weight [100, 16] optional',
      'h.0.ln_1.weight -> blk.0.attn_norm.weight [16]',
      'h.0.ln_1.bias -> blk.0.attn_norm.bias [16]',
      'h.0.attn.c_attn.weight -> blk.0.attn_qkv.weight [16, 48] transpose',
      'h.0.attn.c_attn.bias -> blk.0.attn_qkv.bias [48]',
      'h.0.attn.c_proj.weight -> blk.0.attn_output.weight [16, 16] transpose',
      'h.0.attn.c_proj.bias -> blk.0.attn_output.bias [16]',
      'h.0.ln_2.weight -> blk.0.ffn_norm.weight [16]',
      'h.0.ln_2.bias -> blk.0.ffn_norm.bias [16]',
      'h.0.mlp.c_fc.weight -> blk.0.ffn_up.weight [16, 24] transpose',
      'h.0.mlp.c_fc.bias -> blk.0.ffn_up.bias [24]',
      'h.0.mlp.c_proj.weight -> blk.0.ffn_down.weight [24, 16] transpose',
      'h.0.mlp.c_proj.bias -> blk.0.ffn_down.bias [16]',
    ]);
  });

  test('an output matrix of its own must be there where config.json says so', () => {
    const model = described({ ...SMALL, tie_word_embeddings: false });
    assert.equal(ruleOf(model, 'lm_head.weight').optional, false);
  });

  test('refused: quantised weights', () => {
    refuses({ ...SMALL, quantization_config: { quant_method: 'awq' } }, /already quantised by "awq"/);
  });
});
