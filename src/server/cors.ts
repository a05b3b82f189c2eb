import type { MiddlewareHandler } from 'hono';

import { GlossaError } from '../errors.js';
import { IGNORED_HEADER } from './ignored-header.js';
import { LIMIT_HEADERS } from './key-limits.js';
import { bindingsOf, type CorsPolicy, type Dialect, type ServerContext, type ServerEnv } from './dialect.js';

/** For dialects without a policy of their own, once the settings name origins. */
const PLAIN_POLICY: CorsPolicy = {
  origins: [],
  methods: ['GET', 'POST'],
  allowedHeaders: ['Content-Type', 'Accept', 'Accept-Language'],
  exposedHeaders: ['x-request-id'],
};

/**
 * For APIs whose clients send headers of their own making, such as the `x-stainless-*` of OpenAI's: pages of the origins
 * that the settings name may send any, and may read what an answer says of itself and of a key's limits.
 */
export const KEYED_API_POLICY: CorsPolicy = {
  origins: [],
  methods: ['GET', 'POST'],
  allowedHeaders: '*',
  exposedHeaders: ['x-request-id', IGNORED_HEADER, 'retry-after', 'x-should-retry', ...LIMIT_HEADERS],
};

/** Headers that carry a key. */
const KEY_HEADERS = ['Authorization', 'Api-Key', 'X-Api-Key'];

/** What decides over pages of other origins, beside the dialects. */
export interface OriginOptions {
  /** From the settings; undefined leaves each dialect its own. */
  readonly origins: readonly string[] | undefined;
  readonly withKeys: boolean;
}

/**
 * Tells browsers what pages of other origins may do, by the policy of the dialect that owns the path; answers
 * preflights. Headers are set before the handler, so errors carry them too.
 *
 * Credentials for pages of any origin are safe only where there are none: this server sets no cookies and reads none,
 * and its keys are in headers that a page must write itself. What a browser might add by itself is for a proxy in front,
 * so with keys or with origins in the settings, both of which say that not everybody may call, no wildcard allows
 * credentials. Origins that the settings name may send them to an API whose policy has them.
 *
 * @throws GlossaError FORBIDDEN for a WebSocket that a page of another origin asks for: browsers leave that to servers
 */
export function allowOrigins(
  dialects: readonly Dialect[],
  options: OriginOptions,
): MiddlewareHandler<ServerEnv> {
  return async function allowOrigins(context, next) {
    const owner = dialects.find((dialect) => dialect.owns(context.req.path, context));
    const policy = owner === undefined ? undefined : effectivePolicy(owner, options);
    const origin = context.req.header('origin');
    const allowed = policy && allowedOrigin(policy, origin);
    if (bindingsOf(context)?.upgrade !== undefined && allowed === undefined && isForeign(context, origin))
      throw new GlossaError('FORBIDDEN', 'pages of this origin may not call; see corsOrigins');
    if (policy === undefined) {
      await next();
      return;
    }
    if (policy.origins !== '*' || policy.credentials) context.header('Vary', 'Origin', { append: true });
    if (allowed !== undefined) {
      context.header('Access-Control-Allow-Origin', allowed);
      context.header('Access-Control-Expose-Headers', policy.exposedHeaders.join(', '));
      if (policy.credentials && allowed !== '*') context.header('Access-Control-Allow-Credentials', 'true');
    }
    if (context.req.method !== 'OPTIONS') {
      await next();
      return;
    }
    context.header('Access-Control-Allow-Methods', [...policy.methods, 'OPTIONS'].join(', '));
    context.header('Access-Control-Allow-Headers', allowedHeaders(context, policy, options.withKeys));
    context.header('Access-Control-Max-Age', '600');
    return context.body(null, 204);
  };
}

function effectivePolicy(dialect: Dialect, { origins, withKeys }: OriginOptions): CorsPolicy | undefined {
  if (origins === undefined && dialect.cors === undefined) return undefined;
  const { credentials, ...policy } = dialect.cors ?? PLAIN_POLICY;
  const effective = origins === undefined ? policy.origins : origins.includes('*') ? '*' : origins;
  const isOpen = effective === '*' && (withKeys || origins !== undefined);
  return { ...policy, origins: effective, ...(credentials && !isOpen && { credentials }) };
}

/** Undefined if pages of the origin may not call. Browsers want it by its name where credentials are allowed. */
function allowedOrigin({ origins, credentials }: CorsPolicy, origin: string | undefined): string | undefined {
  if (origins === '*') return credentials ? (origin ?? '*') : '*';
  return origin !== undefined && origins.includes(origin) ? origin : undefined;
}

function allowedHeaders(
  context: ServerContext,
  { allowedHeaders: allowed }: CorsPolicy,
  withKeys: boolean,
): string {
  if (allowed !== '*') return (withKeys ? [...allowed, ...KEY_HEADERS] : allowed).join(', ');
  const asked = context.req.header('access-control-request-headers') ?? '';
  // Names and commas only: what is no header's name is not repeated.
  const isList = asked.length <= 4096 && /^[\w!#$%&'*+.^`|~-]+( *, *[\w!#$%&'*+.^`|~-]+)*$/.test(asked);
  return isList ? asked : ['Content-Type', ...KEY_HEADERS].join(', ');
}

/** Whether a request comes from a page of another host than its own. */
function isForeign(context: ServerContext, origin: string | undefined): boolean {
  if (origin === undefined) return false;
  const host = URL.canParse(origin) ? new URL(origin).host : undefined;
  return host !== context.req.header('host')?.toLowerCase();
}
