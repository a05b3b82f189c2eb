import { GlossaError } from '../../errors.js';
import { ANYBODY, type Caller } from '../../models/caller.js';
import type { ApiKeys } from '../../server/api-keys.js';
import { presentedKey } from '../../server/api-keys.js';
import type { ServerContext } from '../../server/dialect.js';

/**
 * Who a request is from, by the key in its body or, failing that, in its headers. Without configured keys any will do.
 *
 * @throws GlossaError UNAUTHORIZED
 */
export function identify(context: ServerContext, keys: ApiKeys, apiKey: unknown): Caller {
  const caller = identifyIfKeyed(context, keys, apiKey);
  if (caller === undefined) throw new GlossaError('UNAUTHORIZED', 'an API key is required');
  return caller;
}

/**
 * The same for clients of which some send no key where the task's id is known to nobody else.
 *
 * @returns undefined if keys are configured and the request has none
 * @throws GlossaError UNAUTHORIZED if it has one that is not configured
 */
export function identifyIfKeyed(context: ServerContext, keys: ApiKeys, apiKey: unknown): Caller | undefined {
  if (!keys.areRequired) return ANYBODY;
  const presented = [apiKey, presentedKey(context)].filter((key) => key !== undefined && key !== null);
  if (presented.length === 0) return undefined;
  for (const key of presented) {
    const caller = typeof key === 'string' ? keys.callerWith(key) : undefined;
    if (caller !== undefined) return caller;
  }
  throw new GlossaError('UNAUTHORIZED', 'the API key is not valid');
}
