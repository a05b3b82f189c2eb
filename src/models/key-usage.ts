import { GlossaError } from '../errors.js';
import { MINUTE_MS, SlidingMinute } from './sliding-minute.js';

/** What a key may take; what is absent is not limited. */
export interface KeyLimits {
  /** In any 60 seconds. */
  readonly requestsPerMinute?: number | undefined;
  /** Of prompts and answers together, in any 60 seconds. */
  readonly tokensPerMinute?: number | undefined;
  /** Being answered at the same time. */
  readonly concurrentRequests?: number | undefined;
}

/** How far a limit a minute is used up. */
export interface LimitState {
  readonly limit: number;
  readonly remaining: number;
  /** Milliseconds until all of it is there again. */
  readonly resetMs: number;
}

/** Tokens that are kept for one request until it is known what it takes. */
export interface TokenReservation {
  /** Taken, or still kept. */
  readonly held: number;
  /** So many were really taken, now. */
  take(count: number): void;
  /** So many will not be taken. */
  giveBack(count: number): void;
  /** Nothing more will be taken. Idempotent. */
  end(): void;
}

/** What a key has taken of its limits. One for all ports and all APIs. */
export class KeyUsage {
  readonly tokensPerMinute: number | undefined;
  readonly #requests: SlidingMinute | undefined;
  readonly #tokens: SlidingMinute | undefined;
  readonly #mostRunning: number | undefined;
  #running = 0;
  /** Of requests that run: what they may still take. */
  #reserved = 0;

  /** @param now milliseconds, never going back; a test gives its own */
  constructor(limits: KeyLimits, now: () => number = () => performance.now()) {
    const { requestsPerMinute, tokensPerMinute, concurrentRequests } = limits;
    this.tokensPerMinute = tokensPerMinute;
    this.#requests = requestsPerMinute === undefined ? undefined : new SlidingMinute(requestsPerMinute, now);
    this.#tokens = tokensPerMinute === undefined ? undefined : new SlidingMinute(tokensPerMinute, now);
    this.#mostRunning = concurrentRequests;
  }

  /** How far the requests a minute are used up; undefined without such a limit. */
  get requests(): LimitState | undefined {
    return stateOf(this.#requests, 0);
  }

  /** The same of tokens; those that running requests may still take are not there. */
  get tokens(): LimitState | undefined {
    return stateOf(this.#tokens, this.#reserved);
  }

  /**
   * Lets a request in. The returned function gives its place back; calling it again has no effect.
   *
   * @throws GlossaError RATE_LIMITED; the request does not count then
   */
  admit(): () => void {
    if (this.#mostRunning !== undefined && this.#running >= this.#mostRunning) {
      // Nobody knows when one of them ends.
      throw limited(`${this.#mostRunning} requests at a time`, 1000);
    }
    const waitMs = this.#requests?.waitMs(1) ?? 0;
    if (waitMs > 0) throw limited(`${this.#requests?.limit} requests a minute`, waitMs);
    this.#requests?.take(1);
    this.#running += 1;
    let hasLeft = false;
    return () => {
      if (hasLeft) return;
      hasLeft = true;
      this.#running -= 1;
    };
  }

  /**
   * Keeps tokens for a request: what it can take at most, so that what is really taken in any 60 seconds never exceeds
   * the limit, however many requests run. What a request takes counts from when it was taken; what it leaves is there
   * for others as soon as that is known.
   *
   * @throws GlossaError RATE_LIMITED, with the time after which they fit if the requests that run take nothing more;
   *   INVALID_REQUEST if they never fit, with `what` they are for
   */
  reserve(count: number, what: { readonly param: string; readonly words: string }): TokenReservation {
    const tokens = this.#tokens;
    if (tokens === undefined) return UNLIMITED;
    if (count > tokens.limit) {
      const { param, words } = what;
      const message = `${param}: ${words} can never fit into this API key's ${tokens.limit} tokens a minute; ask for fewer`;
      throw new GlossaError('INVALID_REQUEST', message, { param });
    }
    if (tokens.used + this.#reserved + count > tokens.limit)
      throw limited(`${tokens.limit} tokens a minute`, Math.max(1000, tokens.waitMs(count)));
    this.#reserved += count;
    let left = count;
    let taken = 0;
    const giveBack = (given: number): void => {
      const freed = Math.min(left, Math.max(0, given));
      left -= freed;
      this.#reserved -= freed;
    };
    return {
      get held() {
        return taken + left;
      },
      take: (more) => {
        giveBack(more);
        taken += Math.max(0, more);
        tokens.take(more);
      },
      giveBack,
      end: () => {
        giveBack(left);
      },
    };
  }
}

const UNLIMITED: TokenReservation = {
  held: 0,
  take: () => undefined,
  giveBack: () => undefined,
  end: () => undefined,
};

function stateOf(minute: SlidingMinute | undefined, reserved: number): LimitState | undefined {
  if (minute === undefined) return undefined;
  const { limit, used, clearMs } = minute;
  // Nobody knows when what is reserved will be taken: at the latest it counts for a minute from now on.
  const resetMs = reserved > 0 ? MINUTE_MS : clearMs;
  return { limit, remaining: Math.max(0, limit - used - reserved), resetMs };
}

function limited(limit: string, waitMs: number): GlossaError {
  const retryAfterSeconds = Math.max(1, Math.ceil(waitMs / 1000));
  const message = `this API key's limit of ${limit} is reached; try again in ${retryAfterSeconds} s`;
  return new GlossaError('RATE_LIMITED', message, { retryAfterSeconds });
}
