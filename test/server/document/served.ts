import { dialects } from '../../../src/dialects/index.js';
import type { JsonSchema } from '../../../src/json-forms.js';
import { ModelRegistry } from '../../../src/models/registry.js';
import { ApiKeys } from '../../../src/server/api-keys.js';
import { createApp } from '../../../src/server/app.js';
import type { Dialect, ListenerKind, ServerApp } from '../../../src/server/dialect.js';
import { FakeEngine, fakeEngineFactory } from '../../fakes/engine.js';
import { silent, testConfiguration } from '../../fakes/server.js';
import { FakeTasks } from '../../fakes/tasks.js';

/** A port in memory, and the document that it serves. */
export interface DescribedPort {
  readonly title: string;
  readonly app: ServerApp;
  readonly document: ApiDocument;
}

/** As much of OpenAPI as tests look into. */
export interface ApiDocument extends JsonSchema {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, DescribedOperation>>>>;
  readonly tags: readonly { readonly name: string }[];
  readonly security: readonly JsonSchema[];
  readonly components: {
    readonly schemas: Readonly<Record<string, JsonSchema>>;
    readonly securitySchemes: Readonly<Record<string, JsonSchema>>;
  };
}

export interface DescribedOperation extends JsonSchema {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly security?: readonly JsonSchema[];
  readonly parameters?: readonly { name: string; in: string; required: boolean; schema: JsonSchema }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { schema: JsonSchema }>> };
  readonly responses: Readonly<Record<string, { description: string; content?: JsonSchema }>>;
}

/** The common port, and the own one of each dialect. */
export async function describedPorts(): Promise<DescribedPort[]> {
  const common = await describedPort('the common port', 'common', () => true);
  const names = common.document.tags.map(({ name }) => name).filter((name) => name !== 'server');
  const own = names.map((name) =>
    describedPort(`${name}'s own port`, 'own', (dialect) => dialect.name === name),
  );
  return [common, ...(await Promise.all(own))];
}

async function describedPort(
  title: string,
  listener: ListenerKind,
  isThere: (dialect: Dialect) => boolean,
): Promise<DescribedPort> {
  const configuration = testConfiguration();
  const { catalogue, settings } = configuration;
  const models = new ModelRegistry({
    ...{ catalogue, log: silent, memoryBudget: settings.memoryBudget },
    // A model without a template would refuse all conversations.
    startEngine: fakeEngineFactory(
      () => new FakeEngine({ info: { chatTemplate: '{{ messages }}{{ tools }}' } }),
    ),
  });
  const keys = new ApiKeys([]);
  const services = { models, settings, keys, tasks: new FakeTasks(), log: silent };
  const served = dialects.map((make) => make(services)).filter(isThere);
  const app = createApp({ configuration, models, keys, dialects: served, listener, log: silent });
  const response = await app.request('/openapi.json');
  return { title, app, document: (await response.json()) as ApiDocument };
}
