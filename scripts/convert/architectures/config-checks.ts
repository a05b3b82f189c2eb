import { z } from 'zod';

import { FormatError, quote } from '../format-error.js';
import type { ModelConfig } from './architecture.js';

/** A length of something; GGUF keeps it as a uint32 that llama.cpp reads into an int32. */
export const size = z.int().min(1).max(0x7fffffff);

/** A number of layers; far beyond any model, but few enough to list. */
export const layerCount = size.max(1024);

/** The error for an entry that means what llama.cpp's graph does not compute. */
export function unexpected(name: string, expected: string, received: unknown): FormatError {
  const text = (typeof received === 'string' ? received : JSON.stringify(received)).slice(0, 80);
  return new FormatError('config.json', `expected ${expected} for ${name}, received ${text}`);
}

/** @throws FormatError unless `received` is one of the values that llama.cpp's graph computes */
export function expectOneOf<T>(name: string, received: T, allowed: readonly T[]): void {
  if (!allowed.includes(received)) throw unexpected(name, allowed.map(String).join(' or '), received);
}

/** @throws FormatError unless `value` is a multiple of `divisor` */
export function expectMultiple(name: string, value: number, divisorName: string, divisor: number): void {
  if (value % divisor !== 0) throw unexpected(name, `a multiple of ${divisorName} (${divisor})`, value);
}

/** @throws FormatError unless `value` is even: rotary positions turn pairs of dimensions */
export function expectEven(name: string, value: number): void {
  if (value % 2 !== 0) throw unexpected(name, 'an even number', value);
}

/** transformers' names of the tanh approximation of GELU. */
export const TANH_GELU: readonly string[] = ['gelu_new', 'gelu_fast', 'gelu_pytorch_tanh'];

/** transformers' names of x * sigmoid(x). */
export const SILU: readonly string[] = ['silu', 'swish'];

/** Entries that say that a layer has experts to choose from. */
const EXPERTS = ['num_local_experts', 'num_experts', 'n_routed_experts'] as const;

/** @throws FormatError if the model is a mixture of experts, whose tensors have other names and shapes */
export function expectNoExperts(config: ModelConfig): void {
  for (const name of EXPERTS) {
    const value = config[name] ?? 0;
    if (value !== 0) throw unexpected(name, 'no mixture of experts', value);
  }
}

const ATTENTION_TYPES: readonly unknown[] = ['full_attention', 'sliding_attention'];

/** @throws FormatError if layers attend in another way than to the tokens before, all of them or the last ones */
export function expectCausalAttention(config: ModelConfig): void {
  expectOneOf<unknown>('is_causal', config['is_causal'] ?? true, [true]);
  const { layer_types: types } = config;
  if (Array.isArray(types))
    for (const type of types) expectOneOf<unknown>('layer_types', type, ATTENTION_TYPES);
}

/** @throws FormatError if the weights are quantised: what is left in them is not the model's values */
export function expectUnquantised(config: ModelConfig): void {
  const { quantization_config: quantisation } = config;
  if (quantisation === undefined || quantisation === null) return;
  const method: unknown =
    typeof quantisation === 'object' && 'quant_method' in quantisation
      ? quantisation.quant_method
      : undefined;
  const name = typeof method === 'string' ? quote(method) : 'an unnamed method';
  throw new FormatError(
    'config.json',
    `expected unquantised weights, received quantization_config: already quantised by ${name}`,
  );
}

/** Whether config.json names the model without its output matrix, e.g. "LlamaModel". */
export function isBaseModel(config: ModelConfig): boolean {
  const { architectures } = config;
  const name: unknown = Array.isArray(architectures) ? architectures[0] : undefined;
  return typeof name === 'string' && name.endsWith('Model') && !name.endsWith('LMHeadModel');
}
