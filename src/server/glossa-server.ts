import type { Logger } from 'pino';

import type { Configuration } from '../config/load.js';
import type { EngineFactory } from '../engine/engine.js';
import { ModelRegistry } from '../models/registry.js';
import { openTasks } from '../tasks/open.js';
import { ApiKeys } from './api-keys.js';
import { createApp } from './app.js';
import type { DialectFactory } from './dialect.js';
import { listen, type RunningServer } from './listen.js';

/** What a server is started with. */
export interface ServerParts {
  readonly configuration: Configuration;
  readonly dialects: readonly DialectFactory[];
  readonly startEngine: EngineFactory;
  readonly log: Logger;
}

/** A whole server: models, app and listener. */
export interface GlossaServer {
  readonly url: string;
  readonly models: ModelRegistry;
  /** Requests that are being answered. */
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
 * @throws GlossaError CONFIG_INVALID if it can't listen, or keep tasks in the state folder
 */
export async function startServer(parts: ServerParts): Promise<GlossaServer> {
  const { configuration, startEngine, log } = parts;
  const { settings, catalogue } = configuration;
  const models = new ModelRegistry({ catalogue, startEngine, memoryBudget: settings.memoryBudget, log });
  const tasks = openTasks({ settings, log });
  const keys = new ApiKeys(configuration.apiKeys);
  const dialects = parts.dialects.map((make) => make({ models, settings, keys, tasks, log }));
  let closing = false;
  const app = createApp({ configuration, models, keys, dialects, log, isClosing: () => closing });
  const listener = await listen((request, env) => app.fetch(request, env), settings).catch(
    async (error: unknown): Promise<RunningServer> => {
      await tasks.close();
      throw error;
    },
  );

  models.preload();
  for (const { id, preload } of catalogue.models) if (preload) models.preload(id);
  return {
    url: listener.url,
    models,
    get activeRequests() {
      return listener.activeRequests;
    },
    stop: async () => {
      closing = true;
      // First: requests that wait for a task are answered, and its engine is free for the others.
      void tasks.stop();
      // Closing the engines cancels what still runs, so that it ends with what there is.
      await listener.stop(settings.shutdownTimeout, () => models.close());
      await models.close();
      await tasks.close();
    },
  };
}
