import type { Logger } from 'pino';

import type { Configuration } from '../config/load.js';
import { planListeners, type PlannedListener } from '../config/listener-plan.js';
import type { DialectName } from '../config/listeners.js';
import type { EngineFactory } from '../engine/engine.js';
import { GlossaError } from '../errors.js';
import { ModelRegistry } from '../models/registry.js';
import { openTasks } from '../tasks/open.js';
import { ApiKeys } from './api-keys.js';
import { createApp, type AppParts } from './app.js';
import type { Dialect, DialectFactory } from './dialect.js';
import { listen } from './listen.js';
import { ListenerGroup } from './listener-group.js';

/** What a server is started with. */
export interface ServerParts {
  readonly configuration: Configuration;
  readonly dialects: readonly DialectFactory[];
  readonly startEngine: EngineFactory;
  readonly log: Logger;
  /** Milliseconds, for the limits of keys; a test gives its own. */
  readonly now?: () => number;
}

/** A port that one API has to itself. */
export interface OwnListener {
  /** The API's. */
  readonly name: DialectName;
  readonly url: string;
}

/** A whole server: models, apps and listeners. */
export interface GlossaServer {
  /** Of the common port. */
  readonly url: string;
  /** The other ports, in the order of the settings. */
  readonly listeners: readonly OwnListener[];
  readonly models: ModelRegistry;
  /** Requests that are being answered, and open WebSockets. */
  readonly activeRequests: number;
  /**
   * Interrupts tasks, lets running requests finish, up to the configured time, then ends them and unloads all models.
   * Idempotent.
   */
  stop(): Promise<void>;
}

/**
 * Starts to listen, then to load the default model and those to be preloaded; `/health` tells when it is ready.
 *
 * @throws GlossaError CONFIG_INVALID if it can't listen, or keep tasks in the state folder; nothing is left open then
 */
export async function startServer(parts: ServerParts): Promise<GlossaServer> {
  const { configuration, startEngine, log } = parts;
  const { settings, catalogue } = configuration;
  const plan = planListeners(settings);
  const models = new ModelRegistry({ catalogue, startEngine, memoryBudget: settings.memoryBudget, log });
  const tasks = openTasks({ settings, log });
  const keys = new ApiKeys(configuration.apiKeys, parts.now);
  let dialects: readonly Dialect[] = [];
  let closing = false;
  let group: ListenerGroup;
  try {
    dialects = parts.dialects.map((make) => make({ models, settings, keys, tasks, log }));
    group = await openListeners(plan, {
      configuration,
      models,
      keys,
      dialects,
      log,
      isClosing: () => closing,
    });
  } catch (error) {
    // Tasks of an earlier server may have begun already, and have models loaded.
    await Promise.all([tasks.close(), models.close()]);
    throw error;
  }
  const [url = '', ...ownUrls] = group.urls;
  let stopped: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    closing = true;
    // First: requests that wait for a task are answered, and its engine is free for the others.
    void tasks.stop();
    for (const dialect of dialects) dialect.close?.();
    // Closing the engines cancels what still runs, so that it ends with what there is.
    await group.stop(settings.shutdownTimeout, () => models.close());
    await models.close();
    await tasks.close();
  };

  models.preload();
  for (const { id, preload } of catalogue.models) if (preload) models.preload(id);
  return {
    url,
    listeners: plan.flatMap(({ api }, index) =>
      api === undefined ? [] : [{ name: api, url: ownUrls[index - 1] ?? '' }],
    ),
    models,
    get activeRequests() {
      return group.activeRequests;
    },
    stop: () => (stopped ??= stop()),
  };
}

/** Every port with an app of its own; the apps share all else. */
async function openListeners(plan: readonly PlannedListener[], parts: AppParts): Promise<ListenerGroup> {
  const limits = parts.configuration.settings;
  const onError = (error: unknown): void => {
    parts.log.error({ err: error }, 'opening a WebSocket failed');
  };
  const openers = plan.map((target) => {
    const app =
      target.api === undefined
        ? createApp(parts)
        : createApp({ ...parts, dialects: [find(parts.dialects, target)], listener: 'own' });
    return () => listen(target, { fetch: (request, env) => app.fetch(request, env), limits, onError });
  });
  return await ListenerGroup.open(openers);
}

function find(dialects: readonly Dialect[], { api, flag }: PlannedListener): Dialect {
  const dialect = dialects.find(({ name }) => name === api);
  if (dialect !== undefined) return dialect;
  throw new GlossaError('CONFIG_INVALID', `${flag}: this server does not have the API ${api}`);
}
