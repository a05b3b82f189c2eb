import { GlossaError } from '../../errors.js';
import type { ApiKeys, KeyId } from '../../server/api-keys.js';
import { presentedKey } from '../../server/api-keys.js';
import type { ServerContext } from '../../server/dialect.js';

/** Who asks: what a task is started for, or asked for by. */
export type Caller = KeyId;

/** Everybody, where no keys are configured. */
const ANYBODY: Caller = '';

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
    const id = typeof key === 'string' ? keys.find(key) : undefined;
    if (id !== undefined) return id;
  }
  throw new GlossaError('UNAUTHORIZED', 'the API key is not valid');
}
