import type { MiddlewareHandler } from 'hono';

import { isLoopback } from '../config/loopback.js';
import { GlossaError } from '../errors.js';
import { presentedKey, type ApiKeys } from './api-keys.js';
import type { Dialect, ServerEnv } from './dialect.js';

/** Answers without a key: monitors have none, and it tells nothing. */
export const OPEN_PATHS: readonly string[] = ['/health'];

/**
 * Refuses requests whose headers carry none of the keys. Paths of a dialect that has its own way to say who asks are
 * left to that dialect.
 *
 * @throws GlossaError UNAUTHORIZED
 */
export function requireApiKey(keys: ApiKeys, dialects: readonly Dialect[]): MiddlewareHandler<ServerEnv> {
  return async function requireApiKey(context, next) {
    const { path } = context.req;
    if (!OPEN_PATHS.includes(path) && !dialects.some((dialect) => dialect.authenticates?.(path))) {
      const presented = presentedKey(context);
      if (presented === undefined) throw new GlossaError('UNAUTHORIZED', 'an API key is required');
      if (keys.find(presented) === undefined)
        throw new GlossaError('UNAUTHORIZED', 'the API key is not valid');
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
