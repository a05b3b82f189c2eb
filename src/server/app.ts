import { Hono } from 'hono';
import type { Logger } from 'pino';

import type { Configuration } from '../config/load.js';
import { isLoopback } from '../config/loopback.js';
import { GlossaError } from '../errors.js';
import type { ModelRegistry } from '../models/registry.js';
import { mountApiDocument } from './api-document.js';
import { headerCaller, type ApiKeys } from './api-keys.js';
import { requireApiKey, requireKnownHost } from './access.js';
import { allowOrigins } from './cors.js';
import type { Dialect, ListenerKind, ServerApp, ServerContext, ServerEnv } from './dialect.js';
import { errorHeaders, statusOf } from './error-status.js';
import { mountHealth } from './health.js';
import { limitKeys } from './key-limits.js';
import { logRequests } from './request-log.js';
import { mountViewer } from './viewer.js';

/** What the server is assembled from. */
export interface AppParts {
  readonly configuration: Configuration;
  readonly models: ModelRegistry;
  readonly keys: ApiKeys;
  /** Those that answer at this listener. */
  readonly dialects: readonly Dialect[];
  /** Default: common. */
  readonly listener?: ListenerKind;
  readonly log: Logger;
  /** Whether the server is being stopped: new requests are refused then. */
  readonly isClosing?: () => boolean;
}

/** Puts the server together: what surrounds every request, `/health`, and the dialects. */
export function createApp(parts: AppParts): ServerApp {
  const { configuration, models, keys, dialects, listener = 'common', log } = parts;
  const { settings } = configuration;
  const isClosing = parts.isClosing ?? (() => false);
  const app: ServerApp = new Hono<ServerEnv>();

  app.onError((error, context) => renderError(dialects, context, GlossaError.from(error)));
  app.notFound((context) =>
    renderError(dialects, context, new GlossaError('ROUTE_NOT_FOUND', 'no such route')),
  );

  app.use(async function tellListener(context, next) {
    context.set('listener', listener);
    context.set('caller', headerCaller(context, keys));
    await next();
  });
  app.use(logRequests(log, settings));
  if (isLoopback(settings.host)) app.use(requireKnownHost(settings.allowedHosts));
  app.use(allowOrigins(dialects, { origins: settings.corsOrigins, withKeys: keys.areRequired }));
  if (keys.areRequired) app.use(requireApiKey(keys, dialects));
  mountHealth(app, models, isClosing);
  app.use(async function refuseWhenClosing(_context, next) {
    if (isClosing()) throw new GlossaError('CLOSED', 'the server is shutting down');
    await next();
  });
  app.use(limitKeys(dialects));
  mountApiDocument(app, { dialects, listener });
  mountViewer(app);
  for (const dialect of dialects) dialect.mount(app, listener);
  return app;
}

/** An error in the shape of the dialect that owns the path, or in a plain one where none does. */
function renderError(dialects: readonly Dialect[], context: ServerContext, error: GlossaError): Response {
  context.get('record').error = error;
  for (const [name, value] of Object.entries(errorHeaders(error))) context.header(name, value);
  const owner = dialects.find((dialect) => dialect.owns(context.req.path, context));
  if (owner !== undefined) return owner.renderError(context, error);
  return context.json({ error: { code: error.code, message: error.message } }, statusOf(error.code));
}
