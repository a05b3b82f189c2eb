import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { testServer } from '../fakes/server.js';
import { echoApp } from './echo-app.js';

/** Routes that answer without one of the keys, and how; every other one is 401. */
const UNGUARDED: Readonly<Record<string, number>> = {
  // Open to monitors; the model is loading.
  'GET /health': 503,
  'GET /ping': 503,
  // Keys are in the bodies, and this body is none of theirs.
  'POST /api/task/start/v1': 400,
  'POST /api/task/start/v1/': 400,
  'POST /api/task/check/v1': 400,
  'POST /api/task/check/v1/': 400,
  // The task's id is the secret there.
  'POST /inference/pretrained/gpt2/async/check': 400,
  'POST /inference/pretrained/gpt2/async/check/': 400,
  // What AWS answers to requests without a signature.
  'POST /invocations': 403,
  'POST /endpoints/:name/invocations': 403,
  'POST /endpoints/:name/invocations-response-stream': 403,
};

describe('API keys', () => {
  const flags = { apiKeys: 'first-key,second-key' };

  test('guard every route of every dialect', async () => {
    const { app } = testServer({ flags });
    const routes = app.routes.filter((route) => route.method !== 'ALL');
    assert.ok(routes.length >= 10);
    const unguarded: Record<string, number> = {};
    for (const { method, path } of routes) {
      const response = await app.request(path.replaceAll(/:\w+/g, 'x'), {
        method,
        ...(method === 'POST' && { body: '{"context":"A"}' }),
      });
      if (response.status !== 401) unguarded[`${method} ${path}`] = response.status;
    }
    assert.deepEqual(unguarded, UNGUARDED);
  });

  test('guard what is no route too', async () => {
    assert.equal((await testServer({ flags }).app.request('/none')).status, 401);
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
