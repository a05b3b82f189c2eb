import { createHash, timingSafeEqual } from 'node:crypto';

import type { MiddlewareHandler } from 'hono';

import { isLoopback } from '../config/loopback.js';
import { GlossaError } from '../errors.js';
import type { ServerContext, ServerEnv } from './dialect.js';

/** Answers without a key: monitors have none, and it tells nothing. */
export const OPEN_PATHS: readonly string[] = ['/health'];

/**
 * Refuses requests that carry none of the keys, as `Authorization: Bearer`, `api-key` or `x-api-key`. Keys are
 * compared by their digests, in a time that tells nothing of where they differ.
 *
 * @throws GlossaError UNAUTHORIZED
 */
export function requireApiKey(keys: readonly string[]): MiddlewareHandler<ServerEnv> {
  const digests = keys.map(digest);
  return async function requireApiKey(context, next) {
    if (!OPEN_PATHS.includes(context.req.path)) {
      const presented = presentedKey(context);
      if (presented === undefined) throw new GlossaError('UNAUTHORIZED', 'an API key is required');
      const candidate = digest(presented);
      // No early end: the time must not tell which of the keys matched either.
      const matches = digests.filter((known) => timingSafeEqual(known, candidate));
      if (matches.length === 0) throw new GlossaError('UNAUTHORIZED', 'the API key is not valid');
    }
    await next();
  };
}

/**
 * Refuses requests whose Host is no name of this machine: a page of any site can make its own name resolve to
 * 127.0.0.1 (DNS rebinding) and then read the answers as its own.
 *
 * @throws GlossaError FORBIDDEN
 */
export function requireKnownHost(allowed: readonly string[]): MiddlewareHandler<ServerEnv> {
  const names = new Set(allowed.map((name) => name.toLowerCase()));
  return async function requireKnownHost(context, next) {
    const host = context.req.header('host') ?? new URL(context.req.url).host;
    const name = host.toLowerCase().replace(/:\d*$/, '');
    if (!isLoopback(name) && !names.has(name)) {
      throw new GlossaError('FORBIDDEN', 'this server does not answer to that Host; see allowedHosts');
    }
    await next();
  };
}

function presentedKey(context: ServerContext): string | undefined {
  const bearer = /^Bearer +(.+)$/i.exec(context.req.header('authorization') ?? '')?.[1];
  return bearer?.trim() ?? context.req.header('api-key') ?? context.req.header('x-api-key');
}

function digest(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}
