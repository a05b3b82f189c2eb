import type { FinishReason } from '../generation/events.js';
import type { NativeModel } from './addon.js';
import type {
  DecodingParameters,
  NativeEngine,
  NativeEngineOptions,
  SchedulerOptions,
  StepCallback,
  TableEngineOptions,
} from './native-engine.js';

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

/** What a beam search over a table found. */
export interface TableHypothesis {
  readonly tokens: number[];
  /** Processed score of each token. */
  readonly logprobs: number[];
  readonly score: number;
  readonly reason: FinishReason;
}

/** Exports of the addon that nothing serves with: decoding in parts, for tests and benchmarks. */
export interface AddonParts {
  /** One table for each adapter set. */
  createTableEngine(
    tables: readonly Float32Array[],
    options: TableEngineOptions,
    onStep: StepCallback,
  ): Promise<NativeEngine>;
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
   * @param byLlama by llama.cpp's own sampler, slowly, to compare with; it knows the model's end tokens only
   * @param eosTokenIds what ends a text; the model's end tokens by default
   */
  createGrammar(
    model: NativeModel,
    gbnf: string,
    byLlama: boolean,
    eosTokenIds?: readonly number[],
  ): NativeGrammar;
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
