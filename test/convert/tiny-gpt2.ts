import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { bfloatFromFloatBits, halfFromFloatBits } from './half.js';
import { type NewTensor, writeSafetensors } from './raw-safetensors.js';

export const TINY_CONFIG = {
  architectures: ['GPT2LMHeadModel'],
  model_type: 'gpt2',
  vocab_size: 16,
  n_positions: 8,
  n_ctx: 8,
  n_embd: 32,
  n_layer: 2,
  n_head: 2,
  layer_norm_epsilon: 1e-5,
  activation_function: 'gelu_new',
  bos_token_id: 13,
  eos_token_id: 13,
};

/** tokenizer.json of a byte-level BPE with 13 tokens, four merges and one special token. */
export const TINY_TOKENIZER = {
  version: '1.0',
  added_tokens: [
    {
      id: 13,
      content: '<|endoftext|>',
      special: true,
      normalized: false,
      lstrip: false,
      rstrip: false,
      single_word: false,
    },
  ],
  normalizer: null,
  pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
  post_processor: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: false, use_regex: true },
  decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
  model: {
    type: 'BPE',
    dropout: null,
    unk_token: null,
    continuing_subword_prefix: '',
    end_of_word_suffix: '',
    fuse_unk: false,
    byte_fallback: false,
    vocab: Object.fromEntries(
      ['a', 'b', 'c', 'd', 'e', 'h', 't', 'Ġ', 'Ċ', 'th', 'the', 'Ġthe', 'ab'].map((token, id) => [
        token,
        id,
      ]),
    ),
    merges: ['t h', 'th e', 'Ġ the', 'a b'],
  },
};

export const TINY_TOKENIZER_CONFIG = {
  tokenizer_class: 'GPT2Tokenizer',
  bos_token: '<|endoftext|>',
  eos_token: '<|endoftext|>',
  unk_token: '<|endoftext|>',
  add_prefix_space: false,
  model_max_length: 8,
};

/** Names and shapes of a GPT-2 checkpoint's tensors, as transformers saves them. */
export function gpt2Shapes(
  config: Record<'vocab_size' | 'n_positions' | 'n_embd' | 'n_layer', number>,
): Map<string, number[]> {
  const width = config.n_embd;
  const shapes = new Map<string, number[]>([
    ['wte.weight', [config.vocab_size, width]],
    ['wpe.weight', [config.n_positions, width]],
    ['ln_f.weight', [width]],
    ['ln_f.bias', [width]],
  ]);
  const layer: Readonly<Record<string, number[]>> = {
    'ln_1.weight': [width],
    'ln_1.bias': [width],
    'attn.c_attn.weight': [width, 3 * width],
    'attn.c_attn.bias': [3 * width],
    'attn.c_proj.weight': [width, width],
    'attn.c_proj.bias': [width],
    'ln_2.weight': [width],
    'ln_2.bias': [width],
    'mlp.c_fc.weight': [width, 4 * width],
    'mlp.c_fc.bias': [4 * width],
    'mlp.c_proj.weight': [4 * width, width],
    'mlp.c_proj.bias': [width],
  };
  for (let index = 0; index < config.n_layer; index += 1) {
    for (const [name, shape] of Object.entries(layer)) shapes.set(`h.${index}.${name}`, shape);
  }
  return shapes;
}

/** Repeatable values in [-1, 1) that binary16 and bfloat16 do not hold exactly. */
export function valuesOf(name: string, length: number): Float32Array {
  // FNV-1a of the name as the seed.
  let state = 2_166_136_261;
  for (let index = 0; index < name.length; index += 1)
    state = Math.imul(state ^ name.charCodeAt(index), 16_777_619);
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return state / 2 ** 31;
  });
}

const ENCODERS: Readonly<Record<string, (values: Float32Array) => Uint8Array>> = {
  F32: (values) => new Uint8Array(values.buffer),
  F64: (values) => new Uint8Array(Float64Array.from(values).buffer),
  F16: (values) => toUint16(values, halfFromFloatBits),
  BF16: (values) => toUint16(values, bfloatFromFloatBits),
};

function toUint16(values: Float32Array, convert: (bits: number) => number): Uint8Array {
  return new Uint8Array(Uint16Array.from(new Uint32Array(values.buffer), convert).buffer);
}

/** A tensor of `valuesOf` its name. */
export function newTensor(name: string, shape: readonly number[], dtype = 'F32'): NewTensor {
  const length = shape.reduce((product, size) => product * size, 1);
  const encode = ENCODERS[dtype] ?? ((values) => new Uint8Array(values.length));
  return { name, dtype, shape, data: encode(valuesOf(name, length)) };
}

export interface TinyOptions {
  readonly config?: Readonly<Record<string, unknown>>;
  readonly dtype?: string;
  /** Before every name, e.g. "transformer.". */
  readonly prefix?: string;
  /** Replaces tensors of the same name, adds others; undefined leaves one out. */
  readonly tensors?: Readonly<Record<string, NewTensor | undefined>>;
}

/** Writes a whole tiny GPT-2 checkpoint into a new folder `name` inside `parent` and gives its path. */
export async function writeTinyGpt2(
  parent: string,
  name = 'tiny-model',
  options: TinyOptions = {},
): Promise<string> {
  const folder = join(parent, name);
  await mkdir(folder);
  const prefix = options.prefix ?? '';
  const tensors = new Map<string, NewTensor | undefined>();
  for (const [tensor, shape] of gpt2Shapes(TINY_CONFIG)) {
    tensors.set(prefix + tensor, newTensor(prefix + tensor, shape, options.dtype));
  }
  for (const [tensor, replacement] of Object.entries(options.tensors ?? {})) tensors.set(tensor, replacement);
  const present = [...tensors.values()].filter((tensor) => tensor !== undefined);
  await writeSafetensors(join(folder, 'model.safetensors'), present);
  await writeJson(folder, 'config.json', { ...TINY_CONFIG, ...options.config });
  await writeJson(folder, 'tokenizer.json', TINY_TOKENIZER);
  await writeJson(folder, 'tokenizer_config.json', TINY_TOKENIZER_CONFIG);
  return folder;
}

export async function writeJson(folder: string, name: string, value: unknown): Promise<void> {
  await writeFile(join(folder, name), JSON.stringify(value));
}
