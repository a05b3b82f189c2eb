import { FormatError, quote } from '../format-error.js';

/** What a tensor of an adapter is for. */
export type AdapterRole =
  /** lora_A.weight: [r, in]. */
  | 'a'
  /** lora_B.weight: [out, r]. */
  | 'b'
  /** lora_B.bias: [out], with `lora_bias`. */
  | 'bBias'
  /** lora_embedding_A: [r, rows of the embedding]. */
  | 'embeddingA'
  /** lora_embedding_B: [columns of the embedding, r]. */
  | 'embeddingB'
  /** A whole tensor in place of the base's: modules_to_save, trained biases, resized embeddings. */
  | 'replacement'
  /** What LoRA is added to (`base_layer`), saved along with adapted embeddings: not trained itself. */
  | 'base'
  /** PEFT's second copy of a saved module, which counts only where the first is absent. */
  | 'copy'
  /** What a saved module was before it was trained. PEFT puts it where nothing uses it. */
  | 'original';

export interface AdapterTensorName {
  readonly role: AdapterRole;
  /** The adapted module ("model.layers.0.self_attn.q_proj"); for whole tensors the tensor's own name. */
  readonly target: string;
}

/** What PEFT's wrappers put before the names of the model inside. */
const WRAPPER = 'base_model.model.';

/** Factors; the adapter's own name ("default") stands in some files. */
const FACTORS: readonly (readonly [pattern: RegExp, role: AdapterRole])[] = [
  [/^(.+)\.lora_A(?:\.[^.]+)?\.weight$/, 'a'],
  [/^(.+)\.lora_B(?:\.[^.]+)?\.weight$/, 'b'],
  [/^(.+)\.lora_B(?:\.[^.]+)?\.bias$/, 'bBias'],
  [/^(.+)\.lora_embedding_A(?:\.[^.]+)?$/, 'embeddingA'],
  [/^(.+)\.lora_embedding_B(?:\.[^.]+)?$/, 'embeddingB'],
];

/** Tensors of variants that are not supported. */
const REFUSED: readonly (readonly [pattern: RegExp, what: string])[] = [
  [/\.lora_magnitude_vector(\.|$)/, 'DoRA'],
  [/\.lora_diag(\.|$)/, 'KaSA'],
  [/\.(token_adapter|trainable_tokens_delta|trainable_tokens_original)(\.|$)/, 'single trained tokens'],
  [/\.(lora_|ia3_|hada_|lokr_|oft_|boft_|vera_)/, 'another kind of adapter'],
];

/** Whole tensors under the names of PEFT's wrappers. */
const WRAPPED = /^(.+)\.(base_layer|original_module|modules_to_save)(?:\.[^.]+)?\.(weight|bias)$/;

const WRAPPERS: Readonly<Record<string, AdapterRole>> = {
  base_layer: 'base',
  modules_to_save: 'copy',
  original_module: 'original',
};

/**
 * Takes the name of an adapter's tensor apart.
 *
 * @throws FormatError if it belongs to a variant of LoRA that is not supported
 */
export function parseTensorName(name: string): AdapterTensorName {
  const inner = name.startsWith(WRAPPER) ? name.slice(WRAPPER.length) : name;
  for (const [pattern, role] of FACTORS) {
    const target = pattern.exec(inner)?.[1];
    if (target !== undefined) return { role, target };
  }
  const refused = REFUSED.find(([pattern]) => pattern.test(inner));
  if (refused !== undefined) {
    throw new FormatError('adapter', `tensor ${quote(name)} is not supported (${refused[1]})`);
  }
  const [, module, wrapper, parameter] = WRAPPED.exec(inner) ?? [];
  if (module === undefined || wrapper === undefined) return { role: 'replacement', target: inner };
  // A bias in there is one that was trained (`bias`).
  const role = wrapper === 'base_layer' && parameter === 'bias' ? 'replacement' : WRAPPERS[wrapper];
  return { role: role ?? 'replacement', target: `${module}.${parameter ?? ''}` };
}
