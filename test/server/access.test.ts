import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { OPEN_PATHS } from '../../src/server/access.js';
import { testServer } from '../fakes/server.js';

/** Routes whose dialects authenticate: booste by the key in a body, sagemaker by signatures too. */
const OWN_WAYS = /^\/(inference|api\/task|endpoints|invocations)\b/;

describe('API keys', () => {
  const flags = { apiKeys: 'first-key,second-key' };

  test('guard every route of every dialect', async () => {
    const { app } = testServer({ flags });
    const routes = app.routes.filter((route) => route.method !== 'ALL');
    assert.ok(routes.length >= 10);
    for (const { method, path } of routes) {
      const concrete = path.replaceAll(/:\w+/g, 'x');
      const response = await app.request(concrete, {
        method,
        ...(method === 'POST' && { body: '{"context":"A"}' }),
      });
      // SageMaker asks a container for its health without a key.
      if ([...OPEN_PATHS, '/ping'].includes(path)) assert.ok(![401, 403].includes(response.status), path);
      // Those that look for who asks in their own way have tests of their own for it.
      else if (OWN_WAYS.test(path)) assert.ok(response.status >= 400 && response.status < 500, path);
      else assert.equal(response.status, 401, `${method} ${path}`);
    }
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
