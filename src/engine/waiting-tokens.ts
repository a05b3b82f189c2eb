import { GlossaError } from '../errors.js';

/** What most tokenizers make a token of; what it exactly is, is known only once a text was tokenized. */
const BYTES_PER_TOKEN = 4;

/** About how many tokens texts and rows of ids have together: a text is taken for one token per four bytes of UTF-8. */
export function estimatedTokens(inputs: readonly (string | readonly number[])[]): number {
  let tokens = 0;
  for (const input of inputs) {
    tokens +=
      typeof input === 'string' ? Math.ceil(Buffer.byteLength(input) / BYTES_PER_TOKEN) : input.length;
  }
  return tokens;
}

/**
 * The tokens that requests wait with. New tokens do not count: how many come is not known before they are there, and
 * what clients allow at most would be a multiple of it.
 *
 * What is larger than half of the limit counts as half, and is let in while no other such is there: however large it
 * is, and however long it takes, the other half is left to the rest.
 */
export class WaitingTokens {
  readonly #limit: number;
  #waiting = 0;
  #isGiantThere = false;

  /** @param limit tokens that may wait together */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /**
   * Lets tokens in; gives what takes them out again, once, however often it is called.
   *
   * @throws GlossaError OVERLOADED
   */
  enter(tokens: number): () => void {
    const half = Math.floor(this.#limit / 2);
    const isGiant = tokens > half;
    const counted = Math.min(tokens, half);
    if (isGiant && this.#isGiantThere)
      throw overloaded(`a request as large as this one, of ${tokens} tokens, is waiting already`);
    if (this.#waiting + counted > this.#limit)
      throw overloaded(
        `${this.#waiting} tokens are waiting already, and ${counted} more exceed ${this.#limit}`,
      );
    this.#waiting += counted;
    this.#isGiantThere ||= isGiant;
    let hasLeft = false;
    return () => {
      if (hasLeft) return;
      hasLeft = true;
      this.#waiting -= counted;
      if (isGiant) this.#isGiantThere = false;
    };
  }
}

function overloaded(reason: string): GlossaError {
  return new GlossaError('OVERLOADED', `${reason}; try again later`);
}
