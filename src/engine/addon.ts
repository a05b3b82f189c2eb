import { createRequire } from 'node:module';
import path from 'node:path';

import { GlossaError } from '../errors.js';
import { packageRoot } from '../package-root.js';
import type { AddonParts } from './addon-parts.js';
import type { NativeEngine, NativeEngineOptions, StepCallback } from './native-engine.js';

export { packageRoot };

export interface NativeModelInfo {
  readonly description: string;
  readonly parameters: number;
  readonly sizeBytes: number;
  readonly vocabularySize: number;
  /** 0 if unknown: native/llama/token_bytes.h. */
  readonly longestTokenBytes: number;
  readonly trainedContextSize: number;
  readonly eosTokenIds: number[];
  /** BOS, else EOS, else -1. */
  readonly startTokenId: number;
  /** null unless the model has all three. */
  readonly fillInMiddle: { readonly prefix: number; readonly suffix: number; readonly middle: number } | null;
  readonly chatTemplate: string | null;
  readonly metadata: Record<string, string>;
}

export interface NativeModel {
  info(): NativeModelInfo;
  /** @param stop set its number to something else than 0, and the promise rejects soon */
  tokenize(text: string, addSpecial: boolean, parseSpecial: boolean, stop?: Int32Array): Promise<number[]>;
  /** The same tokens, from llama.cpp alone and on this thread: what tests check `tokenize` against. */
  tokenizeAtOnce(text: string, addSpecial: boolean, parseSpecial: boolean): number[];
  detokenize(tokens: readonly number[]): string;
  vocabulary(): NativeVocabulary;
}

/** All tokens of a model, in the order of their ids. */
export interface NativeVocabulary {
  /** What they add to a text, and the names of control tokens, one after the other. */
  readonly bytes: Uint8Array;
  /** Bytes of each. */
  readonly lengths: Int32Array;
  /** 1 to 6, as GGUF's `tokenizer.ggml.token_type` has them. */
  readonly kinds: Uint8Array;
}

/** One sequence in a context of its own; freed with this object. */
export interface NativeEvaluation {
  /**
   * Appends tokens (at most 2048, and what is left of the context) and gives the scores after each: rows of the
   * vocabulary's size, one after the other.
   */
  next(tokens: readonly number[]): Promise<Float32Array>;
}

export interface NativeDevice {
  readonly name: string;
  readonly description: string;
  readonly type: 'cpu' | 'gpu' | 'igpu' | 'accelerator';
  readonly freeBytes: number;
  readonly totalBytes: number;
}

/** What an element type loses or a reader should hear of. */
export interface ValueFaults {
  /** NaN and infinite values. */
  readonly nonFinite: number;
  /** Finite values that F16 cannot hold. */
  readonly overflowing: number;
}

/** Sizes of a low-rank update and what it is multiplied with; native/conversion/low_rank.h. */
export interface NativeLowRankOptions {
  readonly rows: number;
  readonly columns: number;
  readonly rank: number;
  readonly scale: number;
  readonly transposed: boolean;
  /** At most. */
  readonly threads: number;
}

/** The addon's exports: native/node/addon.cc. */
export interface Addon extends AddonParts {
  /** Opens the llama.cpp libraries in a folder; once per process. */
  openBackend(directory: string): { readonly devices: NativeDevice[]; readonly systemInfo: string };
  /** Why a backend library can't be loaded here; null if it can. */
  whyNotOpenable(path: string): string | null;
  /** Has the kernel end this process when its parent dies (Linux; nothing elsewhere). */
  dieWithParent(): void;
  loadModel(
    options: { readonly path: string; readonly gpuLayers: number; readonly adapters: readonly string[] },
    onProgress: (fraction: number) => void,
  ): Promise<NativeModel>;
  createEngine(model: NativeModel, options: NativeEngineOptions, onStep: StepCallback): Promise<NativeEngine>;
  createEvaluation(
    model: NativeModel,
    options: { readonly contextSize: number; readonly threads: number },
  ): Promise<NativeEvaluation>;
  /** `onProgress` hears the share of tensors that are done; a last call may come after the promise is settled. */
  quantize(
    options: {
      readonly input: string;
      readonly output: string;
      readonly fileType: string;
      readonly threads: number;
    },
    onProgress: (fraction: number) => void,
  ): Promise<void>;
  /**
   * Converts a row-major tensor, given as little-endian bytes, to another element type or to blocks of a quantised
   * one. Neither array may be touched until it is done.
   *
   * @param target of the result's size; the source itself to look its values through and change nothing
   */
  convertRows(
    source: Uint8Array<ArrayBuffer>,
    options: {
      readonly from: 'F64' | 'F32' | 'F16' | 'BF16';
      readonly to: 'F32' | 'F16' | 'BF16' | 'Q8_0';
      /** Elements of a row. */
      readonly columns: number;
      readonly threads: number;
    },
    target: Uint8Array<ArrayBuffer>,
  ): Promise<ValueFaults>;
  /**
   * weight += scale x (b @ a), in place and off this thread: b is [rows, rank], a is [rank, columns], weight is
   * [rows, columns], or [columns, rows] and gets the transpose. None may be touched until it is done.
   */
  addLowRank(
    weight: Float32Array,
    b: Float32Array,
    a: Float32Array,
    options: NativeLowRankOptions,
  ): Promise<void>;
}

/**
 * Loads the native addon.
 *
 * @throws GlossaError NATIVE_UNAVAILABLE if it was not built or does not fit this machine
 */
export function loadAddon(): Addon {
  const file = path.join(packageRoot(), 'build', 'Release', 'glossa.node');
  try {
    return createRequire(import.meta.url)(file) as Addon;
  } catch (error) {
    throw new GlossaError(
      'NATIVE_UNAVAILABLE',
      'the native addon can\'t be loaded; build it with "npm run build:addon"',
      { cause: error },
    );
  }
}
