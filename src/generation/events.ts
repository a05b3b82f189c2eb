/** Why a sequence ended. */
export type FinishReason =
  | 'eos' // an end-of-sequence id was chosen
  | 'stop' // a stop string was completed, or a grammar allows nothing more
  | 'length' // maxNewTokens were generated
  | 'deadline' // maxTime was over
  | 'exhausted' // no token was left to go on with; of a beam search fewer hypotheses exist than were wanted
  | 'cancelled'; // cancelled by its own side

/** A token that might have come, and how likely the model found it. */
export interface RankedToken {
  readonly tokenId: number;
  /** Natural logarithm of its probability under the model's own scores. */
  readonly logprob: number;
}

/** What the model's own scores, before any processor and temperature, say of a token that came. */
export interface TokenLogprobs extends RankedToken {
  /** The likeliest tokens at its place, as many as were asked for, the likeliest first. */
  readonly top: readonly RankedToken[];
}

/** The same of a token of the prompt. Nothing comes before its first, so nothing is known of that one's. */
export interface PromptTokenLogprobs extends Omit<TokenLogprobs, 'logprob'> {
  readonly logprob: number | null;
}

/** One new token of one sequence. */
export interface TokenEvent {
  readonly type: 'token';
  /** 0-based index of the sequence within its request. */
  readonly sequence: number;
  readonly tokenId: number;
  /**
   * Log-probability (natural) of the token under the processed scores it was chosen from. With beams: the processed
   * log-probability itself, of which a sequence's score is made (transformers' transition scores).
   */
  readonly logprob: number;
  /**
   * Text that became final with this token: whole code points only, and nothing that could still turn out
   * to belong to a stop string. Often empty, sometimes the text of several tokens.
   */
  readonly text: string;
  /** There if the request has `logprobs`. */
  readonly modelLogprobs?: TokenLogprobs;
}

/**
 * Tokens that a beam search took. One that several of its hypotheses begin with counts once, one that it could have
 * gone on with and did not does not count.
 */
export interface SearchTokens {
  /**
   * Tokens that its running beams were continued with, in all of its steps, and tokens that ended hypotheses: of these
   * as many as it keeps, as a better hypothesis takes the place of another. At most numBeams for each step, and just
   * that where beams end for their length only.
   */
  readonly chosen: number;
  /** Those of them that are in none of the sequences that the request returns. */
  readonly discarded: number;
}

/** The end of one sequence. */
export interface FinishEvent {
  readonly type: 'finish';
  readonly sequence: number;
  readonly finishReason: FinishReason;
  /** Text that was still held back, without the stop string. */
  readonly text: string;
  /** Tokens generated for this sequence, EOS included. */
  readonly generatedTokens: number;
  /**
   * There if the sequence ends inside a character: `text` then ends with one U+FFFD, which stands for the bytes of it
   * that were generated. A call that continues the sequence gives the whole character; who continues leaves that one
   * U+FFFD out.
   */
  readonly endsInsideCharacter?: true;
  /** With beams: sum of the log-probabilities / length ^ lengthPenalty (transformers' sequences_scores). */
  readonly score?: number;
  /** With beams, if the search has begun. The last finish event of a request has all that its search took, the others have 0. */
  readonly search?: SearchTokens;
}

/** What the request took; comes once, after the prompt was evaluated and before the first token. */
export interface PromptEvent {
  readonly type: 'prompt';
  readonly promptTokens: number;
  /** Those of them whose KV cells were reused rather than computed. */
  readonly cachedTokens: number;
  /** There if the request has `promptLogprobs`: the prompt's tokens, of which the first has no logprob. */
  readonly promptLogprobs?: readonly PromptTokenLogprobs[];
}

export type GenerationEvent = PromptEvent | TokenEvent | FinishEvent;

/** Tokens that the end of a sequence accounts for: summed over a request's, every generated token once. */
export function tokensTaken({ generatedTokens, search }: FinishEvent): number {
  return search?.chosen ?? generatedTokens;
}
