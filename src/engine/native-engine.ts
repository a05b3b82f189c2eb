import type { FinishReason } from '../generation/events.js';
import type { GenerationRequest } from '../generation/request.js';
import type { KvType } from './cache-options.js';
import type { Priority } from './engine.js';

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
  | 'logprobs'
  | 'promptLogprobs'
  | 'maxTime';

/** What a token is chosen by; native/decoding/parameters.h. */
export interface DecodingParameters extends Omit<GenerationRequest, NotDecoding> {
  readonly maxNewTokens: number;
  readonly eosTokenId: readonly number[];
  readonly seed: number;
}

/** On what terms a request is served, besides what it asks for. */
export interface RequestTerms {
  /** Which of the engine's adapter sets its tokens are decoded with (re-checked natively). */
  readonly adapterSet: number;
  /** "background" gives way: others get slots before it, take its own, and are decoded first. */
  readonly priority: Priority;
  /** Tokens at the prompt's end that earlier calls generated: at most all of it (re-checked natively). */
  readonly continuedTokens: number;
}

/** A request as the scheduler takes it: validated, tokenized, with nothing left to default. */
export interface NativeRequest extends DecodingParameters, RequestTerms {
  readonly id: number;
  /** At least one id, all below the vocabulary's size (re-checked natively). */
  readonly prompt: readonly number[];
  readonly numReturnSequences: number;
  readonly stopStrings: readonly string[];
  readonly stopStringsSpanPrompt: boolean;
  /** GBNF; `submit` throws what is wrong with it. */
  readonly grammar?: string | undefined;
  /** Likeliest tokens told of at each generated token, and at each of the prompt: 0 to 20 (re-checked natively). */
  readonly logprobs?: number | undefined;
  readonly promptLogprobs?: number | undefined;
  /** Milliseconds from now to the deadline; absent for none. */
  readonly remainingMs?: number;
}

/** Events of a step as they cross the border: tuples, because there are hundreds a second. */
export type NativeEvent =
  | readonly [
      'prompt',
      id: number,
      promptTokens: number,
      cachedTokens: number,
      /** There if the request has `promptLogprobs`; src/engine/packed-logprobs.ts. */
      packedLogprobs?: string,
    ]
  | readonly [
      'token',
      id: number,
      sequence: number,
      tokenId: number,
      logprob: number,
      text: string,
      /** There if the request has `logprobs`. */
      packedLogprobs?: string,
    ]
  | readonly [
      'finish',
      id: number,
      sequence: number,
      reason: FinishReason,
      text: string,
      generatedTokens: number,
      score: number | null,
      endsInsideCharacter: boolean,
      /** There with beams: SearchTokens. */
      search?: readonly [chosen: number, discarded: number],
    ]
  | readonly [
      'failed',
      id: number,
      reason: string,
      code: 'INTERNAL' | 'INVALID_REQUEST' | 'CONTEXT_OVERFLOW',
      /** What the request should change; empty if nothing. */
      param: string,
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

/** Inputs to be embedded, tokenized. */
export interface NativeEmbedJob {
  readonly id: number;
  /** Each of 1 to contextSize ids below the vocabulary's size (re-checked natively). */
  readonly inputs: readonly (readonly number[])[];
  readonly adapterSet: number;
}

/** Takes why there are no vectors, or the vectors, one after the other. */
export type EmbedCallback = (failure: string | null, vectors: Float32Array<ArrayBuffer> | null) => void;

export interface NativeEngine {
  /** Makes room for beams, which is needed before the first request with more than one is submitted. */
  prepareBeams(): Promise<void>;
  submit(request: NativeRequest): void;
  /** A negative sequence means all of the request. */
  cancel(id: number, sequence: number): void;
  setPaused(id: number, paused: boolean): void;
  /** Makes room for hidden states, which is needed before the first `embed`. */
  prepareEmbeddings(): Promise<void>;
  /** Calls back once, unless the engine is stopped before. */
  embed(job: NativeEmbedJob, onDone: EmbedCallback): void;
  /** Ends a job, which fails then. One that is unknown or done is passed over. */
  cancelEmbed(id: number): void;
  acknowledge(): void;
  stats(): NativeEngineStats;
  stop(): Promise<void>;
}

export interface SchedulerOptions {
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
