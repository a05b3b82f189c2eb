import { createHash, timingSafeEqual } from 'node:crypto';

import type { ApiKey } from '../config/api-keys.js';
import { ANYBODY, type Caller } from '../models/caller.js';
import { KeyUsage } from '../models/key-usage.js';
import type { ServerContext } from './dialect.js';

/** Stands for a key without telling it: its SHA-256 in hexadecimal digits. */
export type KeyId = string;

interface KnownKey {
  readonly digest: Buffer;
  readonly caller: Caller;
}

/**
 * The API keys that are configured, and what each has used of its limits. They are compared by their digests, in a time
 * that tells nothing of them.
 */
export class ApiKeys {
  readonly #known: readonly KnownKey[];
  readonly #callers: ReadonlyMap<KeyId, Caller>;

  /**
   * @param keys a text is a key without limits
   * @param now milliseconds, for the limits; a test gives its own
   */
  constructor(keys: readonly (string | ApiKey)[], now?: () => number) {
    this.#known = keys.map((given) => {
      const settings = typeof given === 'string' ? { key: given } : given;
      const key = digest(settings.key);
      return { digest: key, caller: callerOf(key.toString('hex'), settings, now) };
    });
    this.#callers = new Map(this.#known.map(({ caller }) => [caller.keyId, caller]));
  }

  /** Whether requests need one. */
  get areRequired(): boolean {
    return this.#known.length > 0;
  }

  /** The id of a key that is configured; undefined for any other text. */
  find(presented: string): KeyId | undefined {
    return this.callerWith(presented)?.keyId;
  }

  /** Who presents a key that is configured; undefined for any other text. */
  callerWith(presented: string): Caller | undefined {
    const candidate = digest(presented);
    // No early end: the time must not tell which of the keys matched either.
    const matches = this.#known.filter((known) => timingSafeEqual(known.digest, candidate));
    return matches[0]?.caller;
  }

  /** Who has the key of an id. Of a key that is no longer configured nothing is known but its id. */
  callerWithId(keyId: KeyId): Caller {
    return this.#callers.get(keyId) ?? { keyId };
  }
}

/** The key in a request's headers: `Authorization: Bearer`, `api-key` or `x-api-key`. */
export function presentedKey(context: ServerContext): string | undefined {
  const bearer = /^Bearer +(.+)$/i.exec(context.req.header('authorization') ?? '')?.[1];
  return bearer?.trim() ?? context.req.header('api-key') ?? context.req.header('x-api-key');
}

/** Who a request is from by its headers, of which the key has been checked; anybody where none is needed. */
export function headerCaller(context: ServerContext, keys: ApiKeys): Caller {
  if (!keys.areRequired) return ANYBODY;
  return keys.callerWith(presentedKey(context) ?? '') ?? ANYBODY;
}

/** Id of the key that a request's headers bring, which has been checked; the empty text where none is needed. */
export function ownerOf(context: ServerContext, keys: ApiKeys): KeyId {
  return headerCaller(context, keys).keyId;
}

function callerOf(keyId: KeyId, settings: ApiKey, now: (() => number) | undefined): Caller {
  const { name, models, requestsPerMinute, tokensPerMinute, concurrentRequests } = settings;
  const limits = [requestsPerMinute, tokensPerMinute, concurrentRequests];
  const isLimited = limits.some((limit) => limit !== undefined);
  return {
    keyId,
    ...(name !== undefined && { name }),
    ...(models !== undefined && { models: new Set(models) }),
    ...(isLimited && { usage: new KeyUsage(settings, now) }),
  };
}

function digest(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}
