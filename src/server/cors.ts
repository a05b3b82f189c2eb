import type { MiddlewareHandler } from 'hono';

import type { CorsPolicy, Dialect, ServerEnv } from './dialect.js';

/** For dialects without a policy of their own, once the settings name origins. */
const PLAIN_POLICY: CorsPolicy = {
  origins: [],
  methods: ['GET', 'POST'],
  allowedHeaders: ['Content-Type', 'Accept', 'Accept-Language'],
  exposedHeaders: ['x-request-id'],
};

/** Headers that carry a key. */
const KEY_HEADERS = ['Authorization', 'Api-Key', 'X-Api-Key'];

/**
 * Tells browsers what pages of other origins may do, by the policy of the dialect that owns the path; answers
 * preflights. Credentials are never allowed. Headers are set before the handler, so errors carry them too.
 */
export function allowOrigins(
  dialects: readonly Dialect[],
  options: { readonly origins: readonly string[] | undefined; readonly withKeys: boolean },
): MiddlewareHandler<ServerEnv> {
  return async function allowOrigins(context, next) {
    const owner = dialects.find((dialect) => dialect.owns(context.req.path, context));
    const policy = owner === undefined ? undefined : effectivePolicy(owner, options.origins);
    if (policy === undefined) {
      await next();
      return;
    }
    const allowed = allowedOrigin(policy.origins, context.req.header('origin'));
    if (allowed !== '*') context.header('Vary', 'Origin', { append: true });
    if (allowed !== undefined) {
      context.header('Access-Control-Allow-Origin', allowed);
      context.header('Access-Control-Expose-Headers', policy.exposedHeaders.join(', '));
    }
    if (context.req.method !== 'OPTIONS') {
      await next();
      return;
    }
    const headers = options.withKeys ? [...policy.allowedHeaders, ...KEY_HEADERS] : policy.allowedHeaders;
    context.header('Access-Control-Allow-Methods', [...policy.methods, 'OPTIONS'].join(', '));
    context.header('Access-Control-Allow-Headers', headers.join(', '));
    context.header('Access-Control-Max-Age', '600');
    return context.body(null, 204);
  };
}

function effectivePolicy(dialect: Dialect, origins: readonly string[] | undefined): CorsPolicy | undefined {
  if (origins === undefined) return dialect.cors;
  return { ...(dialect.cors ?? PLAIN_POLICY), origins: origins.includes('*') ? '*' : origins };
}

function allowedOrigin(origins: CorsPolicy['origins'], origin: string | undefined): string | undefined {
  if (origins === '*') return '*';
  return origin !== undefined && origins.includes(origin) ? origin : undefined;
}
