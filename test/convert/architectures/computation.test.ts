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
const of = (name: string) => ({ ...SIZES, architectures: [`${name}ForCausalLM`] });

describe("entries that llama.cpp's graph has no place for", () => {
  const refusals: readonly (readonly [entries: Readonly<Record<string, unknown>>, message: RegExp])[] = [
    [
      { dual_chunk_attention_config: { chunk_size: 262_144 } },
      /^config\.json: expected nothing for dual_chunk_attention_config, received \{"chunk_size":262144\}$/,
    ],
    [{ attention_chunk_size: 8192 }, /expected nothing for attention_chunk_size, received 8192$/],
    [{ clip_qkv: 8 }, /expected nothing for clip_qkv, received 8$/],
    [{ attn_logit_softcapping: 50 }, /expected nothing for attn_logit_softcapping, received 50$/],
    [
      { no_rope_layers: [1, 1, 1, 0] },
      /expected nothing or empty or all ones for no_rope_layers, received \[1,1,1,0\]$/,
    ],
    [{ residual_multiplier: 0.22 }, /expected nothing or 1 for residual_multiplier, received 0\.22$/],
    [{ attention_multiplier: 0.0156 }, /expected nothing for attention_multiplier, received 0\.0156$/],
    [{ use_mrope: true }, /expected nothing or false for use_mrope, received true$/],
    [{ rope_interleaved: true }, /expected nothing or false for rope_interleaved, received true$/],
  ];
  for (const [entries, message] of refusals) {
    test(`${Object.keys(entries).join()} is refused in every architecture of the family`, () => {
      for (const name of ['Llama', 'Mistral', 'Qwen2', 'Phi3']) refuses({ ...of(name), ...entries }, message);
    });
  }

  test('pass where they say nothing', () => {
    const harmless = {
      dual_chunk_attention_config: null,
      use_qk_norm: false,
      no_rope_layers: [1, 1],
      cross_attention_layers: [],
      residual_multiplier: 1,
      attn_temperature_tuning: 0,
    };
    assert.deepEqual(metadataOf({ ...of('Llama'), ...harmless }), metadataOf(of('Llama')));
  });

  test('pass where the graph knows them', () => {
    assert.ok(described({ ...of('Qwen3'), head_dim: 4, use_qk_norm: true }));
    refuses({ ...of('Llama'), use_qk_norm: true }, /for use_qk_norm, received true$/);
    const gemma = { ...of('Gemma2'), head_dim: 4, query_pre_attn_scalar: 4, final_logit_softcapping: 20 };
    assert.ok(metadataOf(gemma).includes('gemma2.final_logit_softcapping float32 20'));
  });
});
