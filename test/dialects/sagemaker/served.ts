import assert from 'node:assert/strict';

import { makeSagemakerDialect } from '../../../src/dialects/sagemaker/index.js';
import { ModelRegistry } from '../../../src/models/registry.js';
import { ApiKeys } from '../../../src/server/api-keys.js';
import { createApp } from '../../../src/server/app.js';
import type { GenerationDefaults, GenerationRequest } from '../../../src/generation/request.js';
import type { FlagValues } from '../../../src/config/sources.js';
import { FakeEngine, fakeEngineFactory, type FakeEngineOptions } from '../../fakes/engine.js';
import { silent, testConfiguration } from '../../fakes/server.js';
import { FakeTasks } from '../../fakes/tasks.js';

/** Files that exist and whose names may be those of endpoints. */
const FILES = ['../LICENSE', './run.ts'];

/** The endpoint of the default model. */
export const PATH = '/endpoints/LICENSE/invocations';
export const STREAM_PATH = '/endpoints/LICENSE/invocations-response-stream';

/** What a server is made with. */
export interface ServedOptions {
  readonly engine?: FakeEngineOptions;
  readonly makeEngine?: () => FakeEngine | Promise<FakeEngine>;
  readonly flags?: FlagValues;
  /** What the configuration sets for requests that do not. */
  readonly generation?: GenerationDefaults;
  readonly credentials?: Readonly<Record<string, string>>;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  readonly isClosing?: () => boolean;
}

/** The dialect alone, in memory, with a fake engine behind it. */
export class SagemakerServer {
  readonly app: ReturnType<typeof createApp>;
  readonly models: ModelRegistry;
  readonly #started: readonly { readonly engine: FakeEngine }[];

  constructor(options: ServedOptions = {}) {
    const given = testConfiguration({ model: FILES, ...options.flags });
    const settings = { ...given.settings, awsCredentials: { ...options.credentials } };
    const { generation = {} } = options;
    const models = given.catalogue.models.map((model) => ({ ...model, generation }));
    const catalogue = { ...given.catalogue, models };
    const configuration = { ...given, settings, catalogue };
    const startEngine = fakeEngineFactory(options.makeEngine ?? (() => new FakeEngine(options.engine)));
    this.#started = startEngine.started;
    this.models = new ModelRegistry({ catalogue, startEngine, memoryBudget: 0, log: silent });
    const keys = new ApiKeys(configuration.apiKeys);
    const services = { models: this.models, settings, keys, tasks: new FakeTasks(), log: silent };
    const dialects = [makeSagemakerDialect(options.now)(services)];
    const parts = { configuration, models: this.models, keys, dialects, log: silent };
    this.app = createApp({
      ...parts,
      ...(options.isClosing !== undefined && { isClosing: options.isClosing }),
    });
  }

  get engine(): FakeEngine {
    const engine = this.#started.at(-1)?.engine;
    assert.ok(engine !== undefined, 'no engine was started');
    return engine;
  }

  /** Posts an object as JSON, a string as it is. */
  async post(body: unknown, headers: Record<string, string> = {}, path = PATH): Promise<Response> {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    return await this.app.request(path, { method: 'POST', body: text, headers });
  }

  /** The texts of a reply to a body of the documented form. */
  async texts(body: object): Promise<string[]> {
    const response = await this.post(body);
    assert.equal(response.status, 200, await response.clone().text());
    return (await response.json()) as string[];
  }

  /** What the engine was asked for by a body. */
  async requestFor(body: object): Promise<GenerationRequest> {
    const response = await this.post({ input: 'The dog', ...body });
    assert.equal(response.status, 200, await response.text());
    const request = this.engine.requests.at(-1);
    assert.ok(request !== undefined);
    return request;
  }
}

/** Checks an error's status, name and shape; gives its message. */
export async function assertError(response: Response, status: number, type: string): Promise<string> {
  const text = await response.text();
  assert.deepEqual([response.status, response.headers.get('x-amzn-errortype')], [status, type], text);
  assert.match(response.headers.get('content-type') ?? '', /^application\/json/);
  assert.match(response.headers.get('x-amzn-requestid') ?? '', /^[\w-]{36}$/);
  assert.equal(response.headers.get('www-authenticate'), null);
  const body = JSON.parse(text) as Record<string, unknown>;
  const names =
    type === 'ModelError'
      ? ['LogStreamArn', 'Message', 'OriginalMessage', 'OriginalStatusCode']
      : ['Message'];
  assert.deepEqual(Object.keys(body).sort(), names);
  assert.equal(typeof body['Message'], 'string');
  return String(body['Message']);
}
