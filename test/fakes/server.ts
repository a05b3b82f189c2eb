import { resolve } from 'node:path';
import { pino, type Logger } from 'pino';

import type { ApiKey } from '../../src/config/api-keys.js';
import { loadConfiguration, type Configuration } from '../../src/config/load.js';
import type { FlagValues } from '../../src/config/sources.js';
import { dialects } from '../../src/dialects/index.js';
import { ModelRegistry } from '../../src/models/registry.js';
import { ApiKeys } from '../../src/server/api-keys.js';
import { createApp, type AppParts } from '../../src/server/app.js';
import type { ServerApp } from '../../src/server/dialect.js';
import { startServer, type GlossaServer } from '../../src/server/glossa-server.js';
import type { TaskService } from '../../src/tasks/task.js';
import { FakeEngine, fakeEngineFactory, type FakeEngineOptions } from './engine.js';
import { temporaryStateFolder } from './state-folder.js';
import { FakeTasks } from './tasks.js';

/** Any file that exists: the fake engine reads none, but the registry looks at its size. */
export const SOME_FILE = resolve('package.json');

export const silent: Logger = pino({ level: 'silent' });

/** What a test server is made with. */
export interface TestServerOptions {
  readonly flags?: FlagValues;
  /** API keys with limits, which flags can't hold. */
  readonly keys?: readonly ApiKey[];
  /** Milliseconds, for the limits of keys. */
  readonly now?: () => number;
  /** Instead of that of the flags. */
  readonly configuration?: Configuration;
  readonly engine?: FakeEngineOptions;
  readonly log?: Logger;
  /** Instead of engines that work. */
  readonly makeEngine?: () => FakeEngine | Promise<FakeEngine>;
  readonly isClosing?: () => boolean;
  /** Instead of fake ones that no test sees. */
  readonly tasks?: TaskService;
}

/** A server's app in memory, with a fake engine behind it. */
export interface TestServer {
  readonly app: ServerApp;
  readonly models: ModelRegistry;
  readonly configuration: Configuration;
  /** The engine of the model loaded last. */
  engine(): FakeEngine;
  /** Posts an object as JSON, a string as it is. */
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Response>;
}

/** The configuration of `flags`, serving one model called "fake" unless they name others. */
export function testConfiguration(flags: FlagValues = {}): Configuration {
  return loadConfiguration({
    flags: { model: [SOME_FILE], ...flags },
    env: {},
    cwd: resolve('test'),
    packageRoot: resolve('.'),
    physicalCores: () => 2,
  });
}

function withKeys(configuration: Configuration, { keys }: TestServerOptions): Configuration {
  return keys === undefined ? configuration : { ...configuration, apiKeys: keys };
}

/** An app with all dialects on what it is given. */
export function inMemoryApp(
  parts: Pick<AppParts, 'configuration' | 'models' | 'log' | 'isClosing' | 'listener'>,
  tasks: TaskService = new FakeTasks(),
): ServerApp {
  const { configuration, models, log } = parts;
  const keys = new ApiKeys(configuration.apiKeys);
  const services = { models, settings: configuration.settings, keys, tasks, log };
  return createApp({ ...parts, keys, dialects: dialects.map((make) => make(services)) });
}

export function testServer(options: TestServerOptions = {}): TestServer {
  const configuration = options.configuration ?? withKeys(testConfiguration(options.flags), options);
  const startEngine = fakeEngineFactory(options.makeEngine ?? (() => new FakeEngine(options.engine)));
  const { catalogue, settings } = configuration;
  const log = options.log ?? silent;
  const models = new ModelRegistry({ catalogue, startEngine, memoryBudget: settings.memoryBudget, log });
  const isClosing = options.isClosing ?? (() => false);
  const app = inMemoryApp({ configuration, models, log, isClosing }, options.tasks);
  return {
    app,
    models,
    configuration,
    engine: () => {
      const engine = startEngine.started.at(-1)?.engine;
      if (engine === undefined) throw new Error('no engine was started');
      return engine;
    },
    post: async (path, body, headers = {}) =>
      await app.request(path, {
        method: 'POST',
        body: typeof body === 'string' ? body : JSON.stringify(body),
        headers,
      }),
  };
}

/** A server on a free port, with a fake engine behind it. */
export async function listeningServer(
  options: TestServerOptions = {},
): Promise<{ server: GlossaServer; engine: () => FakeEngine }> {
  const flags = { port: '0', stateDir: temporaryStateFolder(), ...options.flags };
  const configuration = withKeys(testConfiguration(flags), options);
  const startEngine = fakeEngineFactory(options.makeEngine ?? (() => new FakeEngine(options.engine)));
  const server = await startServer({
    ...{ configuration, dialects, startEngine, log: options.log ?? silent },
    ...(options.now !== undefined && { now: options.now }),
  });
  return {
    server,
    engine: () => {
      const engine = startEngine.started.at(-1)?.engine;
      if (engine === undefined) throw new Error('no engine was started');
      return engine;
    },
  };
}
