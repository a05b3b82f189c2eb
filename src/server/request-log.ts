import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';

import type { MiddlewareHandler } from 'hono';
import { matchedRoutes } from 'hono/route';
import type { Logger } from 'pino';

import { bindingsOf, type RequestRecord, type ServerContext, type ServerEnv } from './dialect.js';

/** Gives each request an id (its own, if it brought a plausible one) and a record, and logs one line at its end. */
export function logRequests(
  log: Logger,
  options: { readonly logPrompts: boolean },
): MiddlewareHandler<ServerEnv> {
  return async function logRequests(context, next) {
    const begin = performance.now();
    const record: RequestRecord = {};
    const requestId = acceptedId(context.req.header('x-request-id')) ?? randomUUID();
    context.set('requestId', requestId);
    context.set('record', record);
    context.header('x-request-id', requestId);
    const finish = (aborted: boolean): void => {
      const { error, prompt, ...known } = record;
      const line = {
        requestId,
        method: context.req.method,
        route: routeOf(context),
        status: statusFor(context),
        ms: Math.round(performance.now() - begin),
        ...known,
        ...(aborted && { aborted }),
        ...(options.logPrompts && prompt !== undefined && { prompt }),
        ...(error !== undefined && { code: error.code }),
      };
      if (error?.cause !== undefined && context.res.status >= 500)
        log.error({ ...line, err: error.cause }, 'request');
      else log.info(line, 'request');
    };
    const outgoing = outgoingOf(context);
    // A streamed answer ends long after its handler: the line is logged when the last byte went out.
    let isHandled = false;
    outgoing?.once('close', () => {
      if (isHandled) finish(!outgoing.writableFinished);
    });
    await next();
    isHandled = true;
    // Of a WebSocket only its beginning is a request.
    if (outgoing === undefined || isUpgraded(context)) finish(false);
    // A client that left earlier has cancelled the handler, which knows only now how far it came.
    else if (outgoing.closed) finish(!outgoing.writableFinished);
  };
}

/** What went out, or nginx's "client closed request" if nobody was left to send anything to. */
function statusFor(context: ServerContext): number {
  if (isUpgraded(context)) return 101;
  const outgoing = outgoingOf(context);
  return outgoing?.closed === true && !outgoing.headersSent ? 499 : context.res.status;
}

/** Node's response; a request in memory has none. */
function outgoingOf(context: ServerContext): ServerResponse | undefined {
  return bindingsOf(context)?.outgoing;
}

/** Whether a request has become a WebSocket. */
export function isUpgraded(context: ServerContext): boolean {
  return bindingsOf(context)?.upgrade?.isAccepted ?? false;
}

/** The route's pattern rather than its path: few values, and nothing of the client's making. */
function routeOf(context: ServerContext): string {
  return matchedRoutes(context).findLast((route) => route.method !== 'ALL')?.path ?? 'none';
}

function acceptedId(given: string | undefined): string | undefined {
  return given !== undefined && /^[\w.:-]{1,128}$/.test(given) ? given : undefined;
}
