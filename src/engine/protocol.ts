/** What the server and a model's process say to each other: structured messages over the child's IPC channel. */
import type { ErrorCode } from '../errors.js';
import type { SeededRequest } from '../generation/request.js';
import type { NativeEvent, RequestTerms } from './native-engine.js';
import type { EngineOptions, EngineStats, ModelInfo } from './engine.js';

/** A failure that crosses the border. */
export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly param?: string;
  /** For the operator's log only. */
  readonly detail?: string;
}

/** A request on its way to the engine; the seed is drawn and the deadline is relative to the moment of sending. */
export interface Submission extends Omit<SeededRequest, 'maxTime'>, RequestTerms {
  readonly remainingMs?: number;
}

/** Embeddings as they travel: messages are JSON, in which numbers would take four times as long. */
export interface PackedEmbeddings {
  /** Base64 of all vectors' float32 values in the machine's byte order, one vector after the other. */
  readonly vectors: string;
  readonly promptTokens: readonly number[];
}

/** A vocabulary as it travels, in base64: src/engine/packed-vocabulary.ts. */
export interface PackedVocabulary {
  readonly bytes: string;
  /** int32 in the machine's byte order. */
  readonly lengths: string;
  readonly kinds: string;
}

/** Questions with one answer each, and the types of both. */
export interface Calls {
  tokenize: { ask: { text: string; addSpecial: boolean; parseSpecial: boolean }; answer: number[] };
  detokenize: { ask: { tokens: readonly number[] }; answer: string };
  embed: {
    ask: { inputs: readonly (string | readonly number[])[]; adapterSet: number };
    answer: PackedEmbeddings;
  };
  vocabulary: { ask: Record<string, never>; answer: PackedVocabulary };
  stats: { ask: Record<string, never>; answer: EngineStats };
}
export type CallName = keyof Calls;

export type ToEngine =
  | { readonly type: 'load'; readonly options: EngineOptions }
  | { readonly type: 'submit'; readonly id: number; readonly submission: Submission }
  | { readonly type: 'cancel'; readonly id: number; readonly sequence: number }
  | { readonly type: 'pause'; readonly id: number; readonly paused: boolean }
  | {
      readonly type: 'call';
      readonly callId: number;
      readonly name: CallName;
      readonly ask: Calls[CallName]['ask'];
    }
  /** Nobody waits for the answer any more. */
  | { readonly type: 'cancelCall'; readonly callId: number }
  | { readonly type: 'close' };

export type FromEngine =
  | { readonly type: 'progress'; readonly fraction: number }
  | { readonly type: 'ready'; readonly info: ModelInfo }
  | { readonly type: 'loadFailed'; readonly failure: Failure }
  /** All events of one step, for all requests. */
  | { readonly type: 'step'; readonly events: readonly NativeEvent[] }
  /** A submission that can't be run. */
  | { readonly type: 'refused'; readonly id: number; readonly failure: Failure }
  | { readonly type: 'answer'; readonly callId: number; readonly answer: Calls[CallName]['answer'] }
  | { readonly type: 'callFailed'; readonly callId: number; readonly failure: Failure };
