import type { FlagValues } from '../../src/config/sources.js';
import { ModelRegistry } from '../../src/models/registry.js';
import { ApiKeys } from '../../src/server/api-keys.js';
import { createApp } from '../../src/server/app.js';
import type { Dialect, ServerApp } from '../../src/server/dialect.js';
import { FakeEngine, fakeEngineFactory } from '../fakes/engine.js';
import { silent, testConfiguration } from '../fakes/server.js';
import { FakeTasks } from '../fakes/tasks.js';
import { echoDialect } from './echo-dialect.js';

/** An app in memory with the echo dialect alone, some of it replaced. */
export function echoApp(flags: FlagValues, replaced: Partial<Dialect>): ServerApp {
  const configuration = testConfiguration(flags);
  const { catalogue, settings, apiKeys } = configuration;
  const startEngine = fakeEngineFactory(() => new FakeEngine());
  const models = new ModelRegistry({ catalogue, startEngine, memoryBudget: 0, log: silent });
  const keys = new ApiKeys(apiKeys);
  const services = { models, settings, keys, tasks: new FakeTasks(), log: silent };
  const dialect = { ...echoDialect().factory(services), ...replaced };
  return createApp({ configuration, models, keys, dialects: [dialect], log: silent });
}
