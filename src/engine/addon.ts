import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { GlossaError } from '../errors.js';
import type { FinishReason } from '../generation/events.js';
import type { GenerationRequest } from '../generation/request.js';
import type { KvType } from './cache-options.js';

/** What does not reach the addon as it is: text, what is tokenized or timed before, what is given to a request. */
type NotDecoding =
  | 'prompt'
  | 'maxNewTokens'
  | 'maxLength'
  | 'seed'
  | 'numReturnSequences'
  | 'eosTokenId'
  | 'stopStrings'
  | 'stopStringsSpanPrompt'
  | 'grammar'
  | 'maxTime';

/** What a token is chosen by; native/decoding/parameters.h. */
export interface DecodingParameters extends Omit<GenerationRequest, NotDecoding> {
  readonly maxNewTokens: number;
  readonly eosTokenId: readonly number[];
  readonly seed: number;
}

/** A request as the scheduler takes it: validated, tokenized, with nothing left to default. */
export interface NativeRequest extends DecodingParameters {
  readonly id: number;
  /** At least one id, all below the vocabulary's size (re-checked natively). */
  readonly prompt: readonly number[];
  readonly numReturnSequences: number;
  readonly stopStrings: readonly string[];
  readonly stopStringsSpanPrompt: boolean;
  /** GBNF; `submit` throws what is wrong with it. */
  readonly grammar?: string | undefined;
  /** Which of the engine's adapter sets its tokens are decoded with (re-checked natively). */
  readonly adapterSet: number;
  /** Milliseconds from now to the deadline; absent for none. */
  readonly remainingMs?: number;
}

/** Events of a step as they cross the border: tuples, because there are hundreds a second. */
export type NativeEvent =
  | readonly ['prompt', id: number, promptTokens: number, cachedTokens: number]
  | readonly ['token', id: number, sequence: number, tokenId: number, logprob: number, text: string]
  | readonly [
      'finish',
      id: number,
      sequence: number,
      reason: FinishReason,
      text: string,
      generatedTokens: number,
      score: number | null,
    ]
  | readonly [
      'failed',
      id: number,
      reason: string,
      code: 'INTERNAL' | 'INVALID_REQUEST' | 'CONTEXT_OVERFLOW',
    ];

/** Takes all events of one step; each call must be answered by `acknowledge()` once they have left the process. */
export type StepCallback = (events: NativeEvent[]) => void;

export interface NativeEngineStats {
  readonly queuedRequests: number;
  readonly activeRequests: number;
  readonly activeSequences: number;
  readonly usedCells: number;
  readonly totalCells: number;
  /** Cells that beams take, each counted once however many beams share it. */
  readonly usedBeamCells: number;
  /** Cells of the pool that beams draw on; in the unified layout all of them. */
  readonly totalBeamCells: number;
  readonly cachedPrefixes: number;
  readonly cachedPrefixBytes: number;
  readonly decodeSteps: number;
  readonly generatedTokens: number;
  readonly promptTokens: number;
  readonly cachedPromptTokens: number;
  readonly preemptions: number;
  /** Milliseconds in all spent choosing tokens (processing scores and sampling). */
  readonly samplingMs: number;
}

export interface NativeEngine {
  /** Makes room for beams, which is needed before the first request with more than one is submitted. */
  prepareBeams(): Promise<void>;
  submit(request: NativeRequest): void;
  /** A negative sequence means all of the request. */
  cancel(id: number, sequence: number): void;
  setPaused(id: number, paused: boolean): void;
  acknowledge(): void;
  stats(): NativeEngineStats;
  stop(): Promise<void>;
}

export interface NativeModelInfo {
  readonly description: string;
  readonly parameters: number;
  readonly sizeBytes: number;
  readonly vocabularySize: number;
  readonly trainedContextSize: number;
  readonly eosTokenIds: number[];
  /** BOS, else EOS, else -1. */
  readonly startTokenId: number;
  readonly chatTemplate: string | null;
  readonly metadata: Record<string, string>;
}

export interface NativeModel {
  info(): NativeModelInfo;
  tokenize(text: string, addSpecial: boolean, parseSpecial: boolean): Promise<number[]>;
  detokenize(tokens: readonly number[]): string;
}

/** One sequence in a context of its own; freed with this object. */
export interface NativeEvaluation {
  /**
   * Appends tokens (at most 2048, and what is left of the context) and gives the scores after each: rows of the
   * vocabulary's size, one after the other.
   */
  next(tokens: readonly number[]): Promise<Float32Array>;
}

/** A row's place in a grammar, outside of any generation; native/decoding/row_constraint.h. */
export interface NativeGrammar {
  /** For each token of the vocabulary 1 if it may come next, else 0. */
  mask(): Uint8Array;
  /** Moves on by a token; throws if it may not come next. */
  accept(token: number): void;
  /** Whether nothing but the end may come next. */
  isComplete(): boolean;
  clone(): NativeGrammar;
}

export interface NativeDevice {
  readonly name: string;
  readonly description: string;
  readonly type: 'cpu' | 'gpu' | 'igpu' | 'accelerator';
  readonly freeBytes: number;
  readonly totalBytes: number;
}

interface SchedulerOptions {
  readonly cacheRamBytes: number;
  readonly reproducible: boolean;
}

export interface NativeEngineOptions extends SchedulerOptions {
  readonly contextSize: number;
  readonly parallelSequences: number;
  readonly kvCells: number;
  /** Cells of the beams' pool in the split layout; at least 1. */
  readonly beamCells: number;
  readonly kvLayout: 'split' | 'unified';
  readonly kvType: KvType;
  readonly threads: number;
  /** File descriptor by which processes take turns at computing (src/engine/compute-turn.ts); -1 for none. */
  readonly turnFile: number;
  /** What requests can be decoded with: adapters by their index in what `loadModel` was given. At least one set. */
  readonly adapterSets: readonly (readonly NativeAdapterUse[])[];
}

/** One adapter of a set. */
export interface NativeAdapterUse {
  readonly adapter: number;
  readonly scale: number;
}

/** An engine on a table of bigram logits instead of a model, for tests of the scheduler. */
export interface TableEngineOptions extends SchedulerOptions {
  /** Bytes of each token; their number is the vocabulary's size. */
  readonly pieces: readonly Uint8Array[];
  readonly contextSize: number;
  readonly parallelSequences: number;
  /** Less than parallelSequences x contextSize makes all slots, those of beams included, share one pool. */
  readonly kvCells: number;
  /** Cells of the pool for beams where streams have none; 0 for enough. */
  readonly beamCells: number;
  readonly stepDelayMs: number;
}

/** One call of a model's KV cache without a scheduler; native/node/source_steps.h. */
export type SourceStep =
  | readonly ['prepareBeams']
  | readonly ['decode', tokens: readonly (readonly [token: number, position: number, slot: number])[]]
  | readonly ['copy', from: number, to: number, tokens: number]
  | readonly ['remove', slot: number, fromPosition: number]
  | readonly ['restore', from: number, to: number];

export interface DecodeLoopOptions {
  readonly sequences: number;
  readonly promptTokens: number;
  readonly newTokens: number;
  readonly contextSize: number;
  readonly threads: number;
  readonly kvLayout: 'split' | 'unified';
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

/** What a beam search over a table found. */
export interface TableHypothesis {
  readonly tokens: number[];
  /** Processed score of each token. */
  readonly logprobs: number[];
  readonly score: number;
  readonly reason: FinishReason;
}

/** The addon's exports: native/node/addon.cc. */
export interface Addon {
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
  /** One table for each adapter set. */
  createTableEngine(
    tables: readonly Float32Array[],
    options: TableEngineOptions,
    onStep: StepCallback,
  ): Promise<NativeEngine>;
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
  /**
   * Scores of a row's next token after every processor; with more than one beam, of the logits' log-softmax.
   *
   * @param promptSize leading ids of the history that were not generated; default all
   */
  processScores(
    logits: Float32Array,
    history: readonly number[],
    parameters: DecodingParameters,
    promptSize?: number,
  ): Float32Array;
  /** Independent choices for steps 0 to count - 1; -1 where nothing could be chosen. */
  chooseTokens(
    logits: Float32Array,
    history: readonly number[],
    parameters: DecodingParameters,
    count: number,
  ): Int32Array;
  /** Philox4x32-10: four output words for a counter of four words and a key of two. */
  philox(counter: readonly number[], key: readonly number[]): number[];
  /** The first values of Tensor.exponential_() after torch.manual_seed(seed). */
  torchExponentials(seed: number, count: number): Float32Array;
  /**
   * The tokens of each of several sequences over bigram logits, to maxNewTokens or EOS.
   *
   * @param table square: row t holds the logits after token t
   */
  sampleTable(
    table: Float32Array,
    prompt: readonly number[],
    parameters: DecodingParameters,
    sequences: number,
  ): number[][];
  /** A whole beam search over bigram logits: hypotheses, best first. */
  searchTable(
    table: Float32Array,
    prompt: readonly number[],
    parameters: DecodingParameters,
    options: {
      /** Ids that end a beam as a stop string would. */
      readonly stopTokens: readonly number[];
      /** The search is stopped after so many. */
      readonly steps: number;
    },
  ): TableHypothesis[];
  /**
   * Reads a grammar (GBNF) that checkGrammar() has let pass; throws what else is wrong with it.
   *
   * @param byLlama by llama.cpp's own sampler, slowly, to compare with
   */
  createGrammar(model: NativeModel, gbnf: string, byLlama: boolean): NativeGrammar;
  /**
   * Makes a KV cache and calls it step by step, for tests. A decode gives the logits after each token or why there are
   * none, any other step whether it was possible.
   */
  runSourceSteps(
    model: NativeModel,
    options: Omit<NativeEngineOptions, keyof SchedulerOptions | 'turnFile' | 'adapterSets'>,
    steps: readonly SourceStep[],
  ): Promise<(boolean | 'full' | 'aborted' | 'failed' | Float32Array[])[]>;
  /**
   * The candidates that beam search considers in each of `steps` steps on the same rows, by rank.
   *
   * @param rows scores of each beam's tokens, one row after the other; processed by `parameters` first
   * @param scores what each beam has already
   * @returns indices into `rows`
   */
  rankCandidates(
    rows: Float32Array,
    scores: Float32Array,
    parameters: DecodingParameters,
    options: {
      readonly steps: number;
      /** Of the beams' proposals. */
      readonly order: readonly number[];
    },
  ): number[][];
  measureDecodeLoop(
    model: NativeModel,
    options: DecodeLoopOptions,
  ): Promise<{ readonly prefillSeconds: number; readonly seconds: number }>;
  /** Milliseconds to process a row of logits and choose a token, averaged over the rounds. */
  measureChoice(logits: Float32Array, parameters: DecodingParameters, rounds: number): number;
}

/** The package's root: the nearest folder above this file that holds native/ beside package.json. */
export function packageRoot(): string {
  let folder = path.dirname(fileURLToPath(import.meta.url));
  while (!existsSync(path.join(folder, 'native')) && path.dirname(folder) !== folder)
    folder = path.dirname(folder);
  return folder;
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
