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
 */
export class WaitingTokens {
  readonly #limit: number;
  #waiting = 0;

  /** @param limit tokens that may wait together; what comes while none waits is let in whatever its size */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /**
   * Lets tokens in; gives what takes them out again, once, however often it is called.
   *
   * @throws GlossaError OVERLOADED
   */
  enter(tokens: number): () => void {
    if (this.#waiting > 0 && this.#waiting + tokens > this.#limit) {
      throw new GlossaError(
        'OVERLOADED',
        `${this.#waiting} tokens are waiting already, and ${tokens} more exceed ${this.#limit}; try again later`,
      );
    }
    this.#waiting += tokens;
    let held = tokens;
    return () => {
      this.#waiting -= held;
      held = 0;
    };
  }
}
