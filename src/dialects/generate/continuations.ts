import { createHash } from 'node:crypto';

import type { GivenConfig } from './schema.js';

/** A text as far as it was generated. */
export interface ContinuedRow {
  /** Prompt and what was generated. */
  readonly tokenIds: Int32Array;
  /** How many of them were generated. */
  readonly generated: number;
  /** Whether it came to its end, so that nothing is added any more. */
  readonly hasEnded: boolean;
}

/** What a later request with the same ids goes on from. */
export interface Continuation {
  /** Id of the model that generated it. */
  readonly model: string;
  readonly rows: readonly ContinuedRow[];
  /** What counts for a request that brings no configuration of its own. */
  readonly config: GivenConfig;
  readonly seed: number;
}

/** Names a continuation: the owner and the ordered list of request ids, of whatever length, in 64 digits. */
export function continuationKey(owner: string, requestIds: readonly string[]): string {
  return createHash('sha256')
    .update(JSON.stringify([owner, ...requestIds]))
    .digest('hex');
}

/** Texts that can be continued: a bounded number, each for a time after it was last generated on. */
export class Continuations {
  readonly #limit: number;
  readonly #ttlMs: number;
  readonly #now: () => number;
  /** In the order in which they were kept: every use ends with keeping, so the first is the least recently used. */
  readonly #entries = new Map<string, { continuation: Continuation; until: number }>();

  /**
   * @param limits `limit` entries at most, each for `ttlSeconds`
   * @param now milliseconds
   */
  constructor(limits: { limit: number; ttlSeconds: number }, now: () => number = () => performance.now()) {
    this.#limit = limits.limit;
    this.#ttlMs = limits.ttlSeconds * 1000;
    this.#now = now;
  }

  get size(): number {
    return this.#entries.size;
  }

  find(key: string): Continuation | undefined {
    this.#dropExpired();
    return this.#entries.get(key)?.continuation;
  }

  keep(key: string, continuation: Continuation): void {
    this.#dropExpired();
    this.#entries.delete(key);
    this.#entries.set(key, { continuation, until: this.#now() + this.#ttlMs });
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#limit) break;
      this.#entries.delete(oldest);
    }
  }

  drop(key: string): void {
    this.#entries.delete(key);
  }

  #dropExpired(): void {
    const now = this.#now();
    for (const [key, { until }] of this.#entries) {
      if (until > now) break;
      this.#entries.delete(key);
    }
  }
}
