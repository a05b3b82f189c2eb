import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { testServer } from '../../fakes/server.js';

describe('errors are plain text', () => {
  const cases: readonly [string, unknown, number, RegExp][] = [
    ['no context', {}, 422, /^The context field is required$/],
    ['a context of null', { context: null }, 422, /^The context field is required$/],
    ['a context that is a number', { context: 5 }, 400, /^context: expected a string$/],
    ['a NUL character', { context: 'a\0b' }, 400, /^context: must not contain NUL characters$/],
    ['a lone surrogate', '{"context":"\\ud800"}', 400, /^context: must not contain lone surrogates$/],
    ['malformed JSON', '{"context":', 400, /received malformed JSON$/],
    ['an empty body', '', 400, /received an empty body$/],
    ['an array', '["context"]', 400, /received an array$/],
    ['a string', '"context"', 400, /received a string$/],
    ['a boolean for a number', { context: 'A', temperature: true }, 400, /^temperature: expected a number$/],
    ['text for a number', { context: 'A', length: 'long' }, 400, /^length: expected a number$/],
    ['a list for a number', { context: 'A', top_k: [1] }, 400, /^top_k: expected a number$/],
    ['an object for a name', { context: 'A', model_size: {} }, 400, /^model_size: expected a string$/],
    [
      'the other spelling of a wrong type',
      { context: 'A', samples: {} },
      400,
      /^n_samples: expected a number$/,
    ],
  ];
  for (const [what, body, status, text] of cases) {
    test(`${what} is ${status}`, async () => {
      const response = await testServer().post('/autocomplete', body);
      assert.equal(response.status, status);
      assert.match(await response.text(), text);
      assert.match(response.headers.get('content-type') ?? '', /^text\/plain/);
      assert.equal(response.headers.get('access-control-allow-origin'), '*');
    });
  }

  test('a message never holds the context', async () => {
    const response = await testServer().post('/autocomplete', '{"context":"my secret", oops}');
    assert.doesNotMatch(await response.text(), /secret/);
  });

  test('a dead engine is 500', async () => {
    const response = await testServer({ engine: { crashAfterTokens: 2 } }).post('/autocomplete', {
      context: 'A',
    });
    assert.deepEqual([response.status, await response.text()], [500, "the model's process died"]);
  });
});

describe('pages of other origins', () => {
  test('may ask and call', async () => {
    const server = testServer();
    const headers = { origin: 'https://example.com', 'access-control-request-method': 'POST' };
    const preflight = await server.app.request('/autocomplete/gpt2/xl', { method: 'OPTIONS', headers });
    assert.equal(preflight.status, 204);
    assert.equal(preflight.headers.get('access-control-allow-origin'), '*');
    assert.equal(
      preflight.headers.get('access-control-allow-headers'),
      'Content-Type, Accept, Accept-Language',
    );
    assert.equal(preflight.headers.get('access-control-allow-credentials'), null);
    const answer = await server.post('/autocomplete', { context: 'A' }, headers);
    assert.equal(answer.headers.get('access-control-allow-origin'), '*');
  });

  test('may send a key where keys are needed, and ask without one', async () => {
    const server = testServer({ flags: { apiKeys: 'k' } });
    const preflight = await server.app.request('/autocomplete', { method: 'OPTIONS' });
    assert.equal(preflight.status, 204);
    assert.match(preflight.headers.get('access-control-allow-headers') ?? '', /Authorization/);
  });
});
