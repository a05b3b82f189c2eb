import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import type { CorsPolicy, ServerApp } from '../../src/server/dialect.js';
import type { FlagValues } from '../../src/config/sources.js';
import { KEYED_API_POLICY } from '../../src/server/cors.js';
import { echoApp } from './echo-app.js';

const PLAIN: CorsPolicy = {
  ...{ origins: '*', methods: ['POST'], allowedHeaders: '*', exposedHeaders: ['x-request-id'] },
};
const OPEN: CorsPolicy = { ...PLAIN, credentials: true };
const ORIGIN = 'http://app.example';

function appWith(flags: FlagValues = {}, cors = OPEN): ServerApp {
  return echoApp(flags, { cors });
}

async function preflight(app: ServerApp, origin = ORIGIN, asked = 'X-Mine, authorization'): Promise<Headers> {
  const headers = {
    ...{ origin, 'access-control-request-method': 'POST', 'access-control-request-headers': asked },
  };
  const response = await app.request('/api/alive', { method: 'OPTIONS', headers });
  assert.equal(response.status, 204);
  return response.headers;
}

async function answer(app: ServerApp, headers: Record<string, string> = {}): Promise<Response> {
  return await app.request('/api/alive', { method: 'POST', headers });
}

/** Origin and credentials that an answer allows. */
function allowed(headers: Headers): [string | null, string | null] {
  return [headers.get('access-control-allow-origin'), headers.get('access-control-allow-credentials')];
}

describe('a policy of any origin with credentials', () => {
  test('names the origin and the headers that were asked for', async () => {
    const app = appWith();
    const headers = await preflight(app);
    assert.deepEqual(allowed(headers), [ORIGIN, 'true']);
    assert.equal(headers.get('access-control-allow-headers'), 'X-Mine, authorization');
    assert.equal(headers.get('access-control-allow-methods'), 'POST, OPTIONS');
    assert.equal(headers.get('vary'), 'Origin');
    const response = await answer(app, { origin: ORIGIN });
    assert.deepEqual(allowed(response.headers), [ORIGIN, 'true']);
    assert.equal(response.headers.get('vary'), 'Origin');
  });

  test('says nothing of credentials to what is no page', async () => {
    assert.deepEqual(allowed((await answer(appWith())).headers), ['*', null]);
  });

  test('repeats no header that is no list of names', async () => {
    for (const asked of ['a b', 'a: b', '<a>', 'a,,b', '', 'x'.repeat(5000), 'a,'.repeat(2000)]) {
      const headers = await preflight(appWith(), ORIGIN, asked);
      assert.match(
        headers.get('access-control-allow-headers') ?? '',
        /^Content-Type, Authorization, /,
        asked,
      );
    }
  });

  test('allows no credentials where keys are configured: the preflight itself needs none', async () => {
    const app = appWith({ apiKeys: 'secret' });
    const headers = await preflight(app);
    assert.deepEqual(allowed(headers), ['*', null]);
    assert.equal(headers.get('access-control-allow-headers'), 'X-Mine, authorization');
    const refused = await answer(app, { origin: ORIGIN });
    assert.deepEqual([refused.status, ...allowed(refused.headers)], [401, '*', null]);
  });

  test('allows them to configured origins only, and never to all', async () => {
    const named = appWith({ corsOrigins: ORIGIN });
    assert.deepEqual(allowed(await preflight(named)), [ORIGIN, 'true']);
    assert.deepEqual(allowed(await preflight(named, 'http://evil.example')), [null, null]);
    const all = appWith({ corsOrigins: '*' });
    assert.deepEqual(allowed(await preflight(all)), ['*', null]);
    const withKeys = appWith({ corsOrigins: '*', apiKeys: 'secret' });
    assert.deepEqual(allowed(await preflight(withKeys)), ['*', null]);
  });
});

describe('a policy without credentials', () => {
  test('never allows them', async () => {
    for (const flags of [{}, { corsOrigins: ORIGIN }, { corsOrigins: '*' }, { apiKeys: 'secret' }]) {
      const headers = await preflight(appWith(flags, PLAIN));
      assert.equal(headers.get('access-control-allow-credentials'), null);
    }
  });
});

describe('the policy of an API whose clients send headers of their own', () => {
  const STAINLESS = 'authorization,content-type,api-key,x-stainless-lang,x-stainless-retry-count';

  test('lets the pages of configured origins send them, without a key in the preflight', async () => {
    const app = appWith({ corsOrigins: ORIGIN, apiKeys: 'secret' }, KEYED_API_POLICY);
    const headers = await preflight(app, ORIGIN, STAINLESS);
    assert.deepEqual(allowed(headers), [ORIGIN, null]);
    assert.equal(headers.get('access-control-allow-headers'), STAINLESS);
    const response = await answer(app, { origin: ORIGIN, 'api-key': 'secret' });
    assert.equal(response.status, 200);
    assert.match(response.headers.get('access-control-expose-headers') ?? '', /x-ratelimit-reset-tokens/);
  });

  test('lets no others in', async () => {
    assert.deepEqual(allowed(await preflight(appWith({}, KEYED_API_POLICY))), [null, null]);
    const app = appWith({ corsOrigins: ORIGIN }, KEYED_API_POLICY);
    assert.deepEqual(allowed(await preflight(app, 'http://evil.example', STAINLESS)), [null, null]);
  });
});
