import { createHash } from 'node:crypto';

/**
 * The seed that follows from another one and some counters: the first 48 bits of the SHA-256 of their decimal digits,
 * joined by colons.
 */
export function derivedSeed(seed: number, ...counters: readonly number[]): number {
  const digest = createHash('sha256')
    .update([seed, ...counters].join(':'))
    .digest();
  return digest.readUIntBE(0, 6);
}

/** The seed of a batch's prompt: the batch's own for the first, so that a batch of one draws what one prompt does. */
export function promptSeed(seed: number, index: number): number {
  return index === 0 ? seed : derivedSeed(seed, index);
}

/** Seeds for requests that bring none. They follow from the server's: one that is started anew repeats itself. */
export class ServerSeeds {
  readonly #seed: number;
  #requests = 0;

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** The next request's; the first one's is derived from the server's seed and 0. */
  next(): number {
    const seed = derivedSeed(this.#seed, this.#requests);
    this.#requests += 1;
    return seed;
  }
}
