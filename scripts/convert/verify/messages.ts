/** What the converter and the process that runs both models say to each other. */
import type { LogitComparison } from './logits.js';

/** What is to be compared. */
export interface ComparisonOrder {
  readonly file: string;
  readonly reference: string;
  /** Read by both models, as far as the context allows. */
  readonly text: string;
  /** Tokens of the text at most. */
  readonly maxTokens: number;
  /** Default: as many as there are cores. */
  readonly threads?: number;
  /** For the file's tokenizer. */
  readonly strings: readonly string[];
}

/** One string through the tokenizer in the file. */
export interface Tokenization {
  readonly ids: readonly number[];
  /** With what the tokenizer adds to a prompt. */
  readonly idsWithSpecial: readonly number[];
  /** `ids` turned back into text. */
  readonly decoded: string;
}

export interface ComparisonAnswer {
  readonly logits: LogitComparison;
  readonly vocabularySize: number;
  /** Of the strings, in their order. */
  readonly tokenizations: readonly Tokenization[];
}

export type FromWorker =
  | { readonly type: 'progress'; readonly fraction: number }
  | { readonly type: 'answer'; readonly answer: ComparisonAnswer }
  | { readonly type: 'failed'; readonly message: string };
