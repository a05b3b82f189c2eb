import type { MiddlewareHandler } from 'hono';

import type { Caller } from '../models/caller.js';
import type { LimitState } from '../models/key-usage.js';
import { bindingsOf, type Dialect, type ServerContext, type ServerEnv } from './dialect.js';
import { isUpgraded } from './request-log.js';

/** Names of the headers that tell a key's limits, for pages of other origins. */
export const LIMIT_HEADERS: readonly string[] = ['requests', 'tokens'].flatMap((what) =>
  ['limit', 'remaining', 'reset'].map((part) => `x-ratelimit-${part}-${what}`),
);

/**
 * Counts requests against the limits of their keys: those a minute, and those at the same time, whose places are theirs
 * until their answers have gone out or their clients have left. Tells the limits in the headers of the answer. Where a
 * dialect finds out itself who asks, it counts the request itself.
 *
 * @throws GlossaError RATE_LIMITED
 */
export function limitKeys(dialects: readonly Dialect[]): MiddlewareHandler<ServerEnv> {
  return async function limitKeys(context, next) {
    const { path } = context.req;
    if (!dialects.some((dialect) => dialect.authenticates?.(path)))
      admitCaller(context, context.get('caller'));
    try {
      await next();
    } finally {
      tellLimits(context);
      const leave = context.get('leave');
      if (leave !== undefined) atItsEnd(context, leave);
    }
  };
}

/**
 * Notes who a request is from, and counts it against the limits of that key.
 *
 * @throws GlossaError RATE_LIMITED
 */
export function admitCaller(context: ServerContext, caller: Caller): void {
  context.set('caller', caller);
  if (caller.name !== undefined) context.get('record').key = caller.name;
  if (caller.usage === undefined) return;
  try {
    context.set('leave', caller.usage.admit());
  } catch (error) {
    tellLimits(context);
    throw error;
  }
}

/** OpenAI's headers. A limit that the key does not have has none. */
function tellLimits(context: ServerContext): void {
  const { usage } = context.get('caller');
  if (usage === undefined) return;
  tell(context, 'requests', usage.requests);
  tell(context, 'tokens', usage.tokens);
}

function tell(context: ServerContext, what: string, state: LimitState | undefined): void {
  if (state === undefined) return;
  context.header(`x-ratelimit-limit-${what}`, String(state.limit));
  context.header(`x-ratelimit-remaining-${what}`, String(state.remaining));
  context.header(`x-ratelimit-reset-${what}`, duration(state.resetMs));
}

/** As OpenAI writes it: "1m0s", "12.5s", "80ms". */
function duration(ms: number): string {
  const whole = Math.ceil(ms);
  if (whole < 1000) return `${whole}ms`;
  const minutes = Math.floor(whole / MS_A_MINUTE);
  const seconds = (whole - minutes * MS_A_MINUTE) / 1000;
  return minutes === 0 ? `${seconds}s` : `${minutes}m${seconds}s`;
}

const MS_A_MINUTE = 60_000;

/** Calls back when the answer has gone out, or its connection has ended. A request in memory has none to wait for. */
function atItsEnd(context: ServerContext, leave: () => void): void {
  const { incoming, outgoing } = bindingsOf(context) ?? {};
  // The messages on a WebSocket are requests of their own.
  if (incoming === undefined || outgoing === undefined || isUpgraded(context)) {
    leave();
    return;
  }
  const { socket } = incoming;
  const end = (): void => {
    outgoing.off('close', end);
    socket.off('close', end);
    leave();
  };
  outgoing.once('close', end);
  // Of a response that waits for an earlier one on its connection nothing is heard if that ends.
  if (outgoing.socket === null) socket.once('close', end);
  if (outgoing.closed || socket.destroyed) end();
}
