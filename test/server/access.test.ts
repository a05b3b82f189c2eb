import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { describe, test } from 'node:test';

import { WebSocket } from 'ws';

import { dialects } from '../../src/dialects/index.js';
import { ModelRegistry } from '../../src/models/registry.js';
import { ApiKeys } from '../../src/server/api-keys.js';
import { createApp } from '../../src/server/app.js';
import type { Dialect, ListenerKind, ServerApp, ServerContext } from '../../src/server/dialect.js';
import { fakeEngineFactory } from '../fakes/engine.js';
import { listeningServer, silent, testConfiguration, testServer } from '../fakes/server.js';
import { FakeTasks } from '../fakes/tasks.js';
import { echoApp } from './echo-app.js';

/**
 * Routes that answer without one of the keys, and how, at any port; every other one is refused.
 */
const UNGUARDED: Readonly<Record<string, number>> = {
  // Open to monitors; the model is loading.
  'GET /health': 503,
  'GET /ping': 503,
  // The task's id is the secret there: clients of the time send no key.
  'POST /api/task/check/v1': 400,
  'POST /api/task/check/v1/': 400,
  'POST /inference/pretrained/gpt2/async/check': 400,
  'POST /inference/pretrained/gpt2/async/check/': 400,
};

/** How an API refuses; the others say it in a field. */
const REFUSALS: Readonly<Record<string, RegExp>> = {
  autocomplete: /^an API key is required$/,
  generate: /^an API key is required$/,
  alpaca: /^\{"detail":"an API key is required"\}$/,
  sagemaker: /^\{"Message":"the request needs an API key"\}$/,
  glossa: /^\{"error":\{"code":"UNAUTHORIZED","message":"an API key is required","param":null\}\}$/,
};
const IN_A_FIELD = /"message":"an API key is required"/;

/** A port as it is in memory: all APIs, or one that has it to itself. */
function ports(): { name: string; app: ServerApp; apis: readonly Dialect[] }[] {
  const configuration = testConfiguration({ apiKeys: 'first-key,second-key' });
  const { settings, catalogue } = configuration;
  const models = new ModelRegistry({
    catalogue,
    startEngine: fakeEngineFactory(),
    memoryBudget: 0,
    log: silent,
  });
  const keys = new ApiKeys(configuration.apiKeys);
  const apis = dialects.map((make) => make({ models, settings, keys, tasks: new FakeTasks(), log: silent }));
  const parts = { configuration, models, keys, log: silent };
  const own = apis.map((api) => ({
    name: `${api.name}'s own port`,
    app: createApp({ ...parts, dialects: [api], listener: 'own' }),
    apis: [api],
  }));
  return [{ name: 'the common port', app: createApp({ ...parts, dialects: apis }), apis }, ...own];
}

/** The API that a route without parameters belongs to. */
function apiOf(apis: readonly Dialect[], path: string, listener: ListenerKind): Dialect | undefined {
  // Of the context they look at no more than this.
  const context = { get: () => listener, req: { raw: new Request('http://localhost') } };
  return apis.find((api) => api.owns(path, context as unknown as ServerContext));
}

describe('API keys', () => {
  const flags = { apiKeys: 'first-key,second-key' };

  for (const { name, app, apis } of ports()) {
    const listener = name === 'the common port' ? 'common' : 'own';
    const routes = app.routes
      .filter((route) => route.method !== 'ALL')
      .map(({ method, path }) => ({ method, route: path, path: path.replaceAll(/:\w+/g, 'x') }));

    test(`guard every route of ${name}, in the shape of its API`, async () => {
      assert.ok(routes.length >= (listener === 'common' ? 30 : 2));
      const unguarded: Record<string, number> = {};
      for (const { method, route, path } of routes) {
        const body = method === 'POST' ? { body: '{"context":"A","data":{}}' } : {};
        const response = await app.request(path, { method, ...body });
        const api = apiOf(apis, path, listener);
        if (response.status === 401 || (response.status === 403 && api?.name === 'sagemaker'))
          assert.match(await response.text(), REFUSALS[api?.name ?? ''] ?? IN_A_FIELD, `${method} ${path}`);
        else unguarded[`${method} ${route}`] = response.status;
      }
      const known = Object.keys(UNGUARDED).filter((key) =>
        routes.some(({ method, route }) => key === `${method} ${route}`),
      );
      assert.deepEqual(unguarded, Object.fromEntries(known.map((key) => [key, UNGUARDED[key]])));
    });

    test(`guard every route of ${name} against wrong ones`, async () => {
      const headers = { authorization: 'Bearer third-key', 'api-key': 'x' };
      for (const { method, route, path } of routes) {
        const response = await app.request(path, { method, headers });
        if (UNGUARDED[`${method} ${route}`] !== 503)
          assert.ok([400, 401, 403].includes(response.status), path);
        assert.doesNotMatch(await response.text(), /third/);
      }
    });

    test(`are not asked for by preflights at ${name}, which tell nothing but what may be sent`, async () => {
      const headers = { origin: 'https://app.example', 'access-control-request-method': 'POST' };
      for (const { path } of routes) {
        const response = await app.request(path, { method: 'OPTIONS', headers });
        assert.ok([204, 401, 404].includes(response.status), `${path}: ${response.status}`);
        if (response.status === 204) assert.equal(await response.text(), '');
        const isOpen = response.headers.get('access-control-allow-origin') === '*';
        if (isOpen) assert.equal(response.headers.get('access-control-allow-credentials'), null, path);
      }
    });
  }

  test('guard WebSockets, at the common port and at their own', async (t) => {
    const { server } = await listeningServer({ flags: { ...flags, listen: 'generate=0' } });
    t.after(() => server.stop());
    for (const url of [server.url, ...server.listeners.map((own) => own.url)]) {
      const socket = new WebSocket(`${url.replace('http', 'ws')}/api/ws`);
      socket.on('error', () => undefined);
      const [, response] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage];
      assert.equal(response.statusCode, 401);
      socket.terminate();
    }
    assert.equal(server.listeners.length, 1);
  });

  test('guard what is no route too, and what tells of the routes', async () => {
    for (const path of [
      '/none',
      '/',
      '/docs',
      '/docs/',
      '/docs/swagger-ui.css',
      '/openapi.json',
      '/v1/models',
    ])
      assert.equal((await testServer({ flags }).app.request(path)).status, 401, path);
  });

  const accepted: readonly Record<string, string>[] = [
    { authorization: 'Bearer first-key' },
    { authorization: 'bearer  second-key' },
    { 'api-key': 'first-key' },
    { 'x-api-key': 'second-key' },
  ];
  for (const headers of accepted) {
    test(`are accepted as ${JSON.stringify(headers)}`, async () => {
      const { app } = testServer({ flags });
      assert.equal((await app.request('/glossa/models', { headers })).status, 200);
    });
  }

  const refused: readonly Record<string, string>[] = [
    {},
    { authorization: 'Bearer ' },
    { authorization: 'Bearer first-ke' },
    { authorization: 'Bearer first-key2' },
    { authorization: 'Basic first-key' },
    { 'api-key': '' },
    { 'x-api-key': 'first-key,second-key' },
  ];
  for (const headers of refused) {
    test(`are refused as ${JSON.stringify(headers)}`, async () => {
      const { app } = testServer({ flags });
      const response = await app.request('/glossa/models', { headers });
      assert.equal(response.status, 401);
      assert.equal(response.headers.get('www-authenticate'), 'Bearer');
      const text = await response.text();
      assert.match(text, /"code":"UNAUTHORIZED"/);
      assert.doesNotMatch(text, /first|second/);
    });
  }

  test('are not asked for where none are configured', async () => {
    assert.equal((await testServer().app.request('/glossa/models')).status, 200);
  });

  test('are refused in the shape of the dialect', async () => {
    const response = await testServer({ flags }).post('/autocomplete', { context: 'A' });
    assert.deepEqual([response.status, await response.text()], [401, 'an API key is required']);
    assert.equal(response.headers.get('access-control-allow-origin'), '*');
  });
});

describe('a dialect that finds out itself who asks', () => {
  test('is asked without a key on its paths, and no other is', async () => {
    const app = echoApp({ apiKeys: 'secret' }, { authenticates: (path) => path === '/api/alive' });
    assert.equal((await app.request('/api/alive', { method: 'POST' })).status, 200);
    for (const path of ['/api/ws', '/api/alive/', '/none'])
      assert.equal((await app.request(path, { method: 'POST' })).status, 401, path);
    const headers = { host: 'evil.example' };
    assert.equal((await app.request('/api/alive', { method: 'POST', headers })).status, 403);
  });
});

describe('the Host header on loopback', () => {
  async function statusFor(host: string, flags = {}): Promise<number> {
    return (await testServer({ flags }).app.request('/health', { headers: { host } })).status;
  }

  test('may name this machine, with any port', async () => {
    for (const host of [
      'localhost',
      'localhost:8080',
      '127.0.0.1:1',
      '[::1]:8080',
      'LOCALHOST',
      'a.localhost',
    ]) {
      assert.notEqual(await statusFor(host), 403, host);
    }
  });

  test('may not name another', async () => {
    for (const host of ['example.com', 'example.com:8080', '127.0.0.1.example.com', '192.168.0.1', '']) {
      assert.equal(await statusFor(host), 403, host);
    }
  });

  test('may name a configured one', async () => {
    assert.notEqual(await statusFor('glossa.lan:8080', { allowedHosts: 'Glossa.lan' }), 403);
  });

  test('does not matter beyond loopback', async () => {
    assert.notEqual(await statusFor('example.com', { host: '0.0.0.0', auth: false }), 403);
  });

  test('gives an error in the shape of the dialect', async () => {
    const response = await testServer().post('/glossa/generate', { prompt: 'A' }, { host: 'evil.example' });
    assert.equal(response.status, 403);
    assert.match(await response.text(), /"code":"FORBIDDEN"/);
  });
});

describe('configured origins', () => {
  const flags = { corsOrigins: 'https://app.example' };

  test('may call every dialect', async () => {
    const { app } = testServer({ flags });
    for (const path of ['/glossa/models', '/autocomplete']) {
      const response = await app.request(path, {
        method: 'OPTIONS',
        headers: { origin: 'https://app.example' },
      });
      assert.equal(response.status, 204);
      assert.equal(response.headers.get('access-control-allow-origin'), 'https://app.example');
      assert.equal(response.headers.get('vary'), 'Origin');
    }
  });

  test('others may not, also where the documented policy allows all', async () => {
    const { app } = testServer({ flags });
    const response = await app.request('/autocomplete', {
      method: 'OPTIONS',
      headers: { origin: 'https://evil.example' },
    });
    assert.equal(response.headers.get('access-control-allow-origin'), null);
  });

  test('without configuration no page may call the own API', async () => {
    const response = await testServer().app.request('/glossa/models', {
      headers: { origin: 'https://app.example' },
    });
    assert.equal(response.headers.get('access-control-allow-origin'), null);
  });
});
