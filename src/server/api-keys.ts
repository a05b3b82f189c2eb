import { createHash, timingSafeEqual } from 'node:crypto';

import type { ServerContext } from './dialect.js';

/** Stands for a key without telling it: its SHA-256 in hexadecimal digits. */
export type KeyId = string;

/** The API keys that are configured. They are compared by their digests, in a time that tells nothing of them. */
export class ApiKeys {
  readonly #digests: readonly Buffer[];

  constructor(keys: readonly string[]) {
    this.#digests = keys.map(digest);
  }

  /** Whether requests need one. */
  get areRequired(): boolean {
    return this.#digests.length > 0;
  }

  /** The id of a key that is configured; undefined for any other text. */
  find(presented: string): KeyId | undefined {
    const candidate = digest(presented);
    // No early end: the time must not tell which of the keys matched either.
    const matches = this.#digests.filter((known) => timingSafeEqual(known, candidate));
    return matches[0]?.toString('hex');
  }
}

/** The key in a request's headers: `Authorization: Bearer`, `api-key` or `x-api-key`. */
export function presentedKey(context: ServerContext): string | undefined {
  const bearer = /^Bearer +(.+)$/i.exec(context.req.header('authorization') ?? '')?.[1];
  return bearer?.trim() ?? context.req.header('api-key') ?? context.req.header('x-api-key');
}

/** Id of the key that a request's headers bring, which has been checked; the empty text where none is needed. */
export function ownerOf(context: ServerContext, keys: ApiKeys): KeyId {
  return keys.find(presentedKey(context) ?? '') ?? '';
}

function digest(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}
