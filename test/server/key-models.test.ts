import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { describe, test } from 'node:test';

import { SOME_FILE, testServer, type TestServer } from '../fakes/server.js';

const headers = { authorization: 'Bearer k' };

/** A server with the models "package.json", the default, and "LICENSE", of which the key may use the second. */
function serverForOne(): TestServer {
  return testServer({
    flags: { model: [SOME_FILE, resolve('LICENSE')] },
    keys: [{ key: 'k', models: ['LICENSE'] }],
  });
}

function modelIn(server: TestServer): string[] {
  const statuses = server.models.list({ keyId: '' });
  return statuses.filter(({ state }) => state.name !== 'unloaded').map(({ definition }) => definition.id);
}

describe("a key's list of models", () => {
  test('leaves the others out of lists, and makes its first one the default', async () => {
    const response = await serverForOne().app.request('/glossa/models', { headers });
    const { models } = (await response.json()) as { models: { id: string; default: boolean }[] };
    assert.deepEqual(
      models.map((model) => [model.id, model.default]),
      [['LICENSE', true]],
    );
  });

  test('makes the others unknown, and does not load them', async () => {
    const server = serverForOne();
    const named = { prompt: 'A', model: 'package.json' };
    const response = await server.post('/glossa/generate', named, headers);
    assert.equal(response.status, 404);
    assert.match(await response.text(), /no model is called package\.json"/);
    assert.doesNotMatch(
      await (await server.post('/glossa/generate', { prompt: 'A', model: 'package.jsn' }, headers)).text(),
      /did you mean package/,
    );
    assert.deepEqual(modelIn(server), []);
  });

  /** Requests that name no model, or one that is there for others alone. */
  const asked: Readonly<Record<string, object>> = {
    '/glossa/generate': { prompt: 'A' },
    '/autocomplete/package.json': { context: 'A' },
    '/api/generate-one': { request_id: '1', prompt: 'A' },
    '/invocations': { input: 'A' },
    '/inference/pretrained/gpt2': { string: 'A', length: 2, modelSize: 'gpt2' },
    '/inference/pretrained/gpt2/async/start': { string: 'A', length: 2, modelSize: 'gpt2' },
  };
  for (const [path, body] of Object.entries(asked)) {
    test(`leads ${path} to a model that is there`, async () => {
      const server = serverForOne();
      const response = await server.post(path, body, headers);
      assert.equal(response.status, 200, await response.text());
      while (modelIn(server).length === 0) await new Promise(setImmediate);
      assert.deepEqual(modelIn(server), ['LICENSE']);
    });
  }

  test('is that of the key in the body, where keys are in bodies', async () => {
    const server = serverForOne();
    const body = { string: 'A', length: 2, modelSize: 'package.json', apiKey: 'k' };
    const response = await server.post('/inference/pretrained/gpt2', body);
    assert.equal(response.status, 400);
    assert.match(await response.text(), /no model is called so/);
  });
});

describe('limits of keys that are not in headers', () => {
  test('count where the key is in the body', async () => {
    const server = testServer({ keys: [{ key: 'k', requestsPerMinute: 2 }] });
    const ask = (path: string, body: object): Promise<Response> =>
      server.post(path, { apiKey: 'k', ...body });
    const words = { string: 'A', length: 1, modelSize: 'gpt2' };
    const started = await ask('/inference/pretrained/gpt2/async/start', words);
    const { TaskID } = (await started.json()) as { TaskID: string };
    assert.equal((await ask('/inference/pretrained/gpt2', words)).status, 200);
    for (const path of ['/inference/pretrained/gpt2', '/inference/pretrained/gpt2/async/start']) {
      const refused = await ask(path, words);
      assert.equal(refused.status, 429);
      assert.equal(refused.headers.get('x-ratelimit-remaining-requests'), '0');
      assert.ok(Number(refused.headers.get('retry-after')) > 50);
    }
    // Clients repeat checks by themselves.
    for (let check = 0; check < 3; check += 1)
      assert.equal((await ask('/inference/pretrained/gpt2/async/check/v2', { TaskID })).status, 200);
  });

  test('count at sagemaker, as throttling', async () => {
    const server = testServer({ keys: [{ key: 'k', requestsPerMinute: 1 }] });
    assert.equal((await server.post('/invocations', { input: 'A' }, headers)).status, 200);
    const refused = await server.post('/invocations', { input: 'A' }, headers);
    assert.equal(refused.status, 429);
    assert.equal(refused.headers.get('x-amzn-errortype'), 'ThrottlingException');
  });
});

describe("limits of keys at OpenAI's routes", () => {
  test('are told as its clients read them', async () => {
    const server = testServer({ keys: [{ key: 'k', tokensPerMinute: 60 }] });
    const ask = { model: 'package.json', prompt: 'A', max_tokens: 30 };
    assert.equal((await server.post('/v1/completions', ask, headers)).status, 200);
    const embedded = await server.post('/v1/embeddings', { model: 'package.json', input: 'A dog' }, headers);
    assert.equal(embedded.status, 200);
    for (const [path, body] of [
      ['/v1/completions', ask],
      ['/v1/completions', { ...ask, stream: true }],
      ['/v1/embeddings', { model: 'package.json', input: Array.from({ length: 40 }, () => 1) }],
    ] as const) {
      const refused = await server.post(path, body, headers);
      assert.equal(refused.status, 429, path);
      assert.ok(Number(refused.headers.get('retry-after')) > 50, path);
      assert.equal(refused.headers.get('x-ratelimit-limit-tokens'), '60');
      const { error } = (await refused.json()) as { error: Record<string, unknown> };
      assert.equal(error['type'], 'rate_limit_error');
    }
  });
});
