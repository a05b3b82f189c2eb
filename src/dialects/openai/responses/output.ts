import type { Usage } from '../usage.js';
import type { ToldLogprob } from '../conversation/token-logprobs.js';

/** A token that was told of: one without text has no bytes. */
interface OutputToken {
  readonly token: string;
  readonly logprob: number;
  readonly bytes: readonly number[];
}

/** OpenAI's LogProb. */
export interface OutputLogprob extends OutputToken {
  readonly top_logprobs: readonly OutputToken[];
}

/** OpenAI's OutputTextContent. */
export interface OutputText {
  readonly type: 'output_text';
  readonly text: string;
  readonly annotations: readonly never[];
  /** Empty unless they were asked for. */
  readonly logprobs: readonly OutputLogprob[];
}

type ItemStatus = 'in_progress' | 'completed' | 'incomplete';

/** OpenAI's OutputMessage. */
export interface OutputMessage {
  readonly id: string;
  readonly type: 'message';
  readonly status: ItemStatus;
  readonly role: 'assistant';
  readonly content: readonly OutputText[];
}

/** OpenAI's FunctionToolCall. */
export interface FunctionCall {
  readonly id: string;
  readonly type: 'function_call';
  readonly status: ItemStatus;
  readonly call_id: string;
  readonly name: string;
  /** JSON text of an object, but where it was cut off. */
  readonly arguments: string;
}

/** Of what a model says one thing. */
export type OutputItem = OutputMessage | FunctionCall;

/** OpenAI's ResponseUsage. */
export interface ResponseUsage {
  readonly input_tokens: number;
  readonly input_tokens_details: { readonly cached_tokens: number; readonly cache_write_tokens: number };
  readonly output_tokens: number;
  /** `discarded_tokens` is ours: those of beams whose texts are not in the answer. */
  readonly output_tokens_details: { readonly reasoning_tokens: number; readonly discarded_tokens?: number };
  readonly total_tokens: number;
}

/** The counts by this route's names. Nothing is charged for being kept, and nothing is thought unsaid. */
export function responseUsage({
  prompt_tokens: input,
  completion_tokens: output,
  total_tokens: total,
  prompt_tokens_details: { cached_tokens: cached },
  completion_tokens_details: details,
}: Usage): ResponseUsage {
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: cached, cache_write_tokens: 0 },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: 0, ...details },
    total_tokens: total,
  };
}

/** Log-probabilities as this route writes them. */
export function outputLogprobs(told: readonly ToldLogprob[]): readonly OutputLogprob[] {
  return told.map(({ token, logprob, bytes, top_logprobs: top }) => ({
    token,
    logprob,
    bytes: bytes ?? [],
    top_logprobs: top.map((other) => ({ ...other, bytes: other.bytes ?? [] })),
  }));
}
