import { GlossaError } from '../errors.js';

/** Log-probabilities that one answer of several texts tells at most; some 70 bytes each, all in memory at once. */
export const MOST_TOLD_LOGPROBS = 500_000;

/** What an answer would tell of its tokens. */
export interface ToldLogprobs {
  /** Texts in the answer: copies of each other count, each is written. */
  readonly texts: number;
  /** Tokens of all those texts that are told of, at most. */
  readonly tokens: number;
  /** Likeliest tokens told of beside each. */
  readonly top: number;
  /** The client's name for how many are told. */
  readonly param: string;
}

/**
 * Refuses an answer that would tell more than a server can hold for each of its clients. One text alone is bounded by
 * the model's context, and by the time that it takes.
 *
 * @throws GlossaError INVALID_REQUEST, with the counts
 */
export function checkToldLogprobs({ texts, tokens, top, param }: ToldLogprobs): void {
  const told = tokens * (1 + top);
  if (texts <= 1 || told <= MOST_TOLD_LOGPROBS) return;
  const each = top === 0 ? 'one' : `${1 + top}`;
  throw new GlossaError(
    'INVALID_REQUEST',
    `${param}: expected an answer of at most ${MOST_TOLD_LOGPROBS} log-probabilities, received a request for ${told}: up to ${tokens} tokens in ${texts} texts, ${each} for each`,
    { param },
  );
}
