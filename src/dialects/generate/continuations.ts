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

/** Token ids that are kept for each entry that there may be, on average. */
const TOKENS_AN_ENTRY = 1024;
/** Token ids that are kept whatever the number of entries: 4 MiB. */
const LEAST_TOKENS = 2 ** 20;
/** What a row's objects take, in token ids. */
const ROW_OVERHEAD = 64;

interface Entry {
  readonly continuation: Continuation;
  /** Milliseconds of the clock. */
  readonly until: number;
  /** Token ids, and what stands for the objects that hold them. */
  readonly weight: number;
}

/**
 * Texts that can be continued: a bounded number of bounded size, each for a time after it was last generated on. Together
 * they hold 1,024 token ids for each that there may be, or 2^20 where that is more; the newest stays whatever its size.
 */
export class Continuations {
  readonly #limit: number;
  readonly #mostWeight: number;
  readonly #ttlMs: number;
  readonly #now: () => number;
  /** In the order in which they were kept: every use ends with keeping, so the first is the least recently used. */
  readonly #entries = new Map<string, Entry>();
  #weight = 0;

  /**
   * @param limits `limit` entries at most, each for `ttlSeconds`
   * @param now milliseconds
   */
  constructor(limits: { limit: number; ttlSeconds: number }, now: () => number = () => performance.now()) {
    this.#limit = limits.limit;
    this.#mostWeight = Math.max(limits.limit * TOKENS_AN_ENTRY, LEAST_TOKENS);
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
    this.drop(key);
    const weight = continuation.rows.reduce((sum, row) => sum + row.tokenIds.length + ROW_OVERHEAD, 0);
    this.#entries.set(key, { continuation, until: this.#now() + this.#ttlMs, weight });
    this.#weight += weight;
    for (const oldest of this.#entries.keys()) {
      const isTooBig = this.#weight > this.#mostWeight && this.#entries.size > 1;
      if (this.#entries.size <= this.#limit && !isTooBig) break;
      this.drop(oldest);
    }
  }

  drop(key: string): void {
    this.#weight -= this.#entries.get(key)?.weight ?? 0;
    this.#entries.delete(key);
  }

  #dropExpired(): void {
    const now = this.#now();
    for (const [key, { until }] of this.#entries) {
      if (until > now) break;
      this.drop(key);
    }
  }
}
