import type { GgufValue } from '../gguf/values.js';
import type { TensorTransform } from '../tensors/transform.js';

/** What a model's config.json holds, before an architecture has looked at it. */
export type ModelConfig = Readonly<Record<string, unknown>>;

/** How one tensor of the checkpoint becomes one of the GGUF file. */
export interface TensorRule {
  /** Name in the checkpoint without an optional prefix, e.g. "h.0.attn.c_attn.weight". */
  readonly source: string;
  /** llama.cpp's name, e.g. "blk.0.attn_qkv.weight". */
  readonly target: string;
  /** The shape it must have in the checkpoint, slowest-varying first. */
  readonly shape: readonly number[];
  /** What the values undergo; default nothing. */
  readonly transform?: TensorTransform;
  /** May be absent. Default false. */
  readonly optional?: boolean;
}

/** A tensor that is computed from config.json alone, e.g. the factors of scaled rotary frequencies. */
export interface GeneratedTensor {
  /** llama.cpp's name, e.g. "rope_freqs.weight". */
  readonly target: string;
  /** Written as F32, in one dimension. */
  readonly values: Float32Array<ArrayBuffer>;
}

/** What an architecture makes of one config.json. */
export interface ModelDescription {
  /** Rows of the embedding; the tokenizer is padded to them. */
  readonly vocabularySize: number;
  /** Metadata under the architecture's own prefix, in llama.cpp's converter's order. */
  readonly metadata: ReadonlyMap<string, GgufValue>;
  /** Those that its converter puts before all but `general.architecture`. Default none. */
  readonly metadataFirst?: ReadonlyMap<string, GgufValue>;
  /** Those that its converter puts after `general.file_type`. Default none. */
  readonly metadataAfterFileType?: ReadonlyMap<string, GgufValue>;
  readonly tensors: readonly TensorRule[];
  /** Tensors that no checkpoint holds; they come first in the file. Default none. */
  readonly generated?: readonly GeneratedTensor[];
  /** What llama.cpp computes otherwise only far into a text, one line each. Default none. */
  readonly warnings?: readonly string[];
}

/** One architecture that the converter knows. */
export interface Architecture {
  /** llama.cpp's name, the value of `general.architecture`. */
  readonly name: string;
  /** Names in config.json's `architectures`. */
  readonly huggingFaceNames: readonly string[];
  /** config.json's `model_type`, used where `architectures` is absent. */
  readonly modelType: string;
  /** What some checkpoints put before all names, e.g. "transformer."; taken off before rules are looked up. */
  readonly prefix: string;
  /** Tensors that carry no weights and are left out. */
  readonly ignored: RegExp;
  /**
   * Reads config.json.
   *
   * @throws FormatError if an entry is wrong or means something that llama.cpp cannot compute
   */
  describe(config: ModelConfig): ModelDescription;
}

/** A tensor's name as an architecture's rules have it: without what some checkpoints put before all names. */
export function plainName({ prefix }: Architecture, name: string): string {
  return name.startsWith(prefix) ? name.slice(prefix.length) : name;
}
