import type { FlagValues } from '../../../src/config/sources.js';
import { alpacaDialect } from '../../../src/dialects/alpaca/index.js';
import type { GenerationRequest } from '../../../src/generation/request.js';
import { ModelRegistry } from '../../../src/models/registry.js';
import { ApiKeys } from '../../../src/server/api-keys.js';
import { createApp } from '../../../src/server/app.js';
import { FakeEngine, fakeEngineFactory, type FakeEngineOptions } from '../../fakes/engine.js';
import { silent, testConfiguration } from '../../fakes/server.js';
import { FakeTasks } from '../../fakes/tasks.js';

/** The API at a port of its own, in memory. */
export interface OwnServer {
  readonly engine: FakeEngine;
  /** Posts an object as JSON, a string as it is. */
  post(path: string, body: unknown, init?: RequestInit): Promise<Response>;
  get(path: string): Promise<Response>;
  /** What the engine was asked for by a body that is answered with 200. */
  requestFor(path: string, body: object): Promise<GenerationRequest>;
}

/** A server with one model, called "package.json". */
export function ownServer(
  options: FakeEngineOptions = {},
  flags: FlagValues = {},
  engine: FakeEngine = new FakeEngine(options),
): OwnServer {
  const configuration = testConfiguration(flags);
  const startEngine = fakeEngineFactory(() => engine);
  const { catalogue, settings } = configuration;
  const log = silent;
  const models = new ModelRegistry({ catalogue, startEngine, memoryBudget: 0, log });
  const keys = new ApiKeys(configuration.apiKeys);
  const services = { models, settings, keys, tasks: new FakeTasks(), log };
  const dialects = [alpacaDialect(services)];
  const app = createApp({ configuration, models, keys, dialects, listener: 'own', log });
  const post: OwnServer['post'] = async (path, body, init = {}) =>
    await app.request(path, {
      method: 'POST',
      body: typeof body === 'string' ? body : JSON.stringify(body),
      ...init,
    });
  return {
    engine,
    post,
    get: async (path) => await app.request(path),
    requestFor: async (path, body) => {
      const response = await post(path, body);
      if (response.status !== 200) throw new Error(await response.text());
      const request = engine.requests.at(-1);
      if (request === undefined) throw new Error('nothing was asked for');
      return request;
    },
  };
}
