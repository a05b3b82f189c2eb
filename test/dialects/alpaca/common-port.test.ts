import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { pino } from 'pino';

import { alpacaDialect } from '../../../src/dialects/alpaca/index.js';
import { ModelRegistry } from '../../../src/models/registry.js';
import { ApiKeys } from '../../../src/server/api-keys.js';
import { createApp } from '../../../src/server/app.js';
import type { DialectFactory } from '../../../src/server/dialect.js';
import { readJsonObject } from '../../../src/server/json-body.js';
import { fakeEngineFactory } from '../../fakes/engine.js';
import { testConfiguration, testServer } from '../../fakes/server.js';
import { FakeTasks } from '../../fakes/tasks.js';

const CHAT = '/v1/chat/completions';

/** Another API on the same route, as OpenAI's will be: it repeats the body that it read. */
const otherDialect: DialectFactory = (services) => ({
  name: 'glossa',
  owns: (path) => path.startsWith('/v1/'),
  mount: (app) => {
    app.post(CHAT, async (context) =>
      context.json({ other: await readJsonObject(context, services.settings.bodyLimit) }),
    );
  },
  operations: [],
  renderError: (context, error) => context.json({ otherError: error.message }, 400),
});

/** The common port with another API after this one. */
function sharedPort(): (body: unknown) => Promise<Response> {
  const configuration = testConfiguration();
  const { catalogue, settings } = configuration;
  const log = pino({ level: 'silent' });
  const models = new ModelRegistry({ catalogue, startEngine: fakeEngineFactory(), memoryBudget: 0, log });
  const keys = new ApiKeys([]);
  const services = { models, settings, keys, tasks: new FakeTasks(), log };
  const dialects = [alpacaDialect, otherDialect].map((make) => make(services));
  const app = createApp({ configuration, models, keys, dialects, log });
  return async (body) =>
    await app.request(CHAT, {
      method: 'POST',
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
}

describe('at the common port', () => {
  const post = sharedPort();

  for (const body of [
    { messages: [{ role: 'user', message: 'A' }] },
    { messages: [{ role: 'user', content: 'A' }, { role: 'user', message: 'B' }, 5] },
    { messages: [{ message: null }] },
    { messages: 'A' },
    { messages: 'A', model: 'fake', temperature: 0, top_k: 4, max_tokens: 3, stop: 'x', seed: 1 },
    { messages: [{ role: 'user', message: 'A' }], stream: true },
  ]) {
    test(`${JSON.stringify(body)} is this API's, its errors too`, async () => {
      const answer = (await (await post(body)).json()) as object;
      assert.ok('choices' in answer || 'detail' in answer, JSON.stringify(answer));
    });
  }

  for (const body of [
    { messages: [{ role: 'user', content: 'A' }] },
    { messages: 'A', n: 1 },
    { messages: 'A', stream: false },
    { messages: 'A', response_format: { type: 'text' } },
    { messages: 'A', tools: [] },
    { messages: 'A', max_completion_tokens: 5 },
    { messages: [] },
    { messages: [null, 1, 'message'] },
    { messages: null },
    { messages: { message: 'A' } },
    { message: 'A' },
    {},
  ]) {
    test(`${JSON.stringify(body)} is left to others, who can read it`, async () => {
      assert.deepEqual(await (await post(body)).json(), { other: body });
    });
  }

  test('what is no JSON is left to others, with its error', async () => {
    for (const text of ['', '{', '[]', 'null']) {
      const answer = (await (await post(text)).json()) as { otherError: string };
      assert.match(answer.otherError, /^expected a JSON object as the body/);
    }
  });

  test("with all APIs, what is not unmistakably of this API is OpenAI's", async () => {
    const server = testServer();
    for (const path of ['/v1/completions', '/v1/embeddings', CHAT]) {
      const response = await server.post(path, { messages: [{ content: 'A' }] });
      assert.ok('error' in ((await response.json()) as object), path);
    }
  });

  test("with all APIs, one text beside a field of OpenAI's is refused in OpenAI's shape", async () => {
    const response = await testServer().post(CHAT, { messages: 'hi', stream: true });
    const { error } = (await response.json()) as { error: { param: string } };
    assert.deepEqual([response.status, error.param], [400, 'messages']);
  });

  test('with all APIs, a chat with message keys is answered', async () => {
    const response = await testServer().post(CHAT, {
      messages: [{ role: 'user', message: 'A' }],
      max_tokens: 3,
    });
    const { choices } = (await response.json()) as { choices: { message: object }[] };
    assert.deepEqual(choices.at(-1), { index: 1, message: { role: 'assistant', content: 'barks at the' } });
  });
});
