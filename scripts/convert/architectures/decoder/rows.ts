import type { TensorTransform } from '../../tensors/transform.js';
import { linear, type Row } from '../tables.js';
import type { Decoder, DecoderSize } from './config.js';

/** The embedding, the last norm and, unless it is optional, the output matrix. */
export function outerRows({ outputOptional }: Decoder): Row<DecoderSize>[] {
  return [
    { source: 'embed_tokens.weight', target: 'token_embd.weight', shape: ['vocabulary', 'embedding'] },
    { source: 'norm.weight', target: 'output_norm.weight', shape: ['embedding'] },
    {
      source: 'lm_head.weight',
      target: 'output.weight',
      shape: ['vocabulary', 'embedding'],
      optional: outputOptional,
    },
  ];
}

/** The norm before attention and that before the feed-forward part. */
export const NORM_ROWS: readonly Row<DecoderSize>[] = [
  { source: 'input_layernorm.weight', target: 'attn_norm.weight', shape: ['embedding'] },
  { source: 'post_attention_layernorm.weight', target: 'ffn_norm.weight', shape: ['embedding'] },
];

/** Which matrices of attention have a bias, and how queries' and keys' rows are ordered. Default none, as they are. */
export interface AttentionOptions {
  readonly bias?: boolean;
  readonly outputBias?: boolean;
  readonly rotary?: TensorTransform;
}

/** Queries, keys, values and output of attention as matrices of their own. */
export function attentionRows(options: AttentionOptions = {}): Row<DecoderSize>[] {
  const { bias = false, outputBias = false, rotary } = options;
  const turned = rotary === undefined ? { bias } : { bias, transform: rotary };
  return [
    ...linear<DecoderSize>('self_attn.q_proj', 'attn_q', ['queries', 'embedding'], turned),
    ...linear<DecoderSize>('self_attn.k_proj', 'attn_k', ['keys', 'embedding'], turned),
    ...linear<DecoderSize>('self_attn.v_proj', 'attn_v', ['keys', 'embedding'], { bias }),
    ...linear<DecoderSize>('self_attn.o_proj', 'attn_output', ['embedding', 'queries'], { bias: outputBias }),
  ];
}

/** The gated feed-forward part. */
export function gatedRows(options: { readonly bias?: boolean } = {}): Row<DecoderSize>[] {
  return [
    ...linear<DecoderSize>('mlp.gate_proj', 'ffn_gate', ['inner', 'embedding'], options),
    ...linear<DecoderSize>('mlp.up_proj', 'ffn_up', ['inner', 'embedding'], options),
    ...linear<DecoderSize>('mlp.down_proj', 'ffn_down', ['embedding', 'inner'], options),
  ];
}
