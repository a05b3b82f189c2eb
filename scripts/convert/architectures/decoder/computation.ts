import type { ModelConfig } from '../architecture.js';
import { unexpected } from '../config-checks.js';

/** What an entry may say although llama.cpp's graph has no place for it: it then means nothing. */
type Harmless = readonly (number | boolean | 'empty' | 'all ones')[];

/**
 * Entries with which a model of this family computes something else than llama.cpp's graph, which its converter passes
 * over: of Qwen's long-context models, of relatives (Granite, MiniCPM, Cohere, OLMo, Llama 4, SmolLM 3, DeepSeek) and of
 * the programs they are trained with. Absent and null always mean nothing.
 */
const ENTRIES: Readonly<Record<string, Harmless>> = {
  // Attention over chunks of a text, or with other scores.
  dual_chunk_attention_config: [],
  attention_chunk_size: [],
  attn_temperature_tuning: [false, 0],
  attn_logit_softcapping: [],
  clip_qkv: [],
  use_bidirectional_attention: [false],
  add_cross_attention: [false],
  cross_attention_layers: ['empty'],
  use_logn_attn: [false],
  // Norms of queries and keys, some of which have no weights.
  use_qk_norm: [false],
  qk_norm: [false],
  qk_layernorm: [false],
  // Positions: other pairs of dimensions, layers without, or another kind.
  rope_interleaved: [false],
  rope_interleave: [false],
  no_rope_layers: ['empty', 'all ones'],
  use_mrope: [false],
  alibi: [false],
  use_alibi: [false],
  // Factors on embeddings, branches, scores and logits.
  embedding_multiplier: [1],
  residual_multiplier: [1],
  attention_multiplier: [],
  logits_scaling: [1],
  logit_scale: [1],
  scale_emb: [1],
  scale_depth: [],
  final_logit_softcapping: [],
};

/**
 * Refuses entries that change what is computed in a way that llama.cpp's graph does not know.
 *
 * @param known names of those that the architecture's own graph computes, or that it checks itself
 * @throws FormatError naming the entry and what it would have to be
 */
export function expectKnownComputation(config: ModelConfig, known: readonly string[]): void {
  for (const [name, harmless] of Object.entries(ENTRIES)) {
    const value = config[name] ?? undefined;
    if (value === undefined || known.includes(name) || isHarmless(value, harmless)) continue;
    throw unexpected(name, ['nothing', ...harmless.map(String)].join(' or '), value);
  }
}

function isHarmless(value: unknown, harmless: Harmless): boolean {
  return harmless.some((allowed) => {
    if (allowed === 'empty') return Array.isArray(value) && value.length === 0;
    if (allowed === 'all ones') return Array.isArray(value) && value.every((item) => item === 1);
    return value === allowed;
  });
}
