import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { GlossaError, type ErrorCode } from '../../../src/errors.js';
import { FakeEngine } from '../../fakes/engine.js';
import { testServer } from '../../fakes/server.js';

async function refusal(body: string, status = 400): Promise<string> {
  const response = await testServer().post('/autocomplete', body);
  const text = await response.text();
  assert.equal(response.status, status, text);
  assert.match(response.headers.get('content-type') ?? '', /^text\/plain/);
  return text;
}

const NUMBERS: readonly (readonly [given: string, named: string])[] = [
  ...['length', 'n_samples', 'max_time', 'temperature', 'max_tokens', 'top_p', 'top_k', 'seed'].map(
    (name) => [name, name] as const,
  ),
  ['samples', 'n_samples'],
  ['gen_length', 'length'],
];

describe('each field', () => {
  for (const [given, named] of NUMBERS) {
    for (const value of ['true', '[1]', '{}', '"long"', '""', '"0x10"', '"Infinity"']) {
      test(`${given} of ${value} is refused`, async () => {
        const message = await refusal(`{"context":"A","${given}":${value}}`);
        assert.equal(message, `${named}: expected a number`);
      });
    }

    test(`${given} twice counts as it stands the last time`, async () => {
      assert.equal(
        await refusal(`{"context":"A","${given}":1,"${given}":"no"}`),
        `${named}: expected a number`,
      );
    });

    test(`${given} of any size is answered`, async () => {
      for (const value of ['1e999', '-1e999', '1e300', '-1', '0', '0.5', '-0', '"1e5"']) {
        const server = testServer();
        const response = await server.post(
          '/autocomplete',
          `{"context":"A","max_time":1,"${given}":${value}}`,
        );
        assert.equal(response.status, 200, value);
      }
    });
  }

  for (const value of ['5', 'true', '["small"]', '{}']) {
    test(`model_size of ${value} is refused`, async () => {
      assert.equal(await refusal(`{"context":"A","model_size":${value}}`), 'model_size: expected a string');
    });
  }

  for (const value of ['5', 'true', '["A"]', '{}']) {
    test(`context of ${value} is refused`, async () => {
      assert.equal(await refusal(`{"context":${value}}`), 'context: expected a string');
    });
  }

  test('odd names of models are passed over like unknown ones', async () => {
    for (const name of ['', '__proto__', '../../etc/passwd', 'x'.repeat(100_000), 'a\\u0000b', '\\ud800']) {
      const response = await testServer().post('/autocomplete', `{"context":"A","model_size":"${name}"}`);
      assert.equal(response.status, 200, name.slice(0, 20));
    }
  });
});

describe('bodies as a whole', () => {
  const deep = '['.repeat(999) + ']'.repeat(999);
  const bodies: readonly [what: string, body: string, status: number, message: RegExp][] = [
    ['null', 'null', 400, /received null$/],
    ['a number', '5', 400, /received a number$/],
    ['deep nesting', deep, 400, /received an array$/],
    ['deep nesting in the context', `{"context":${deep}}`, 400, /^context: expected a string$/],
    ['an empty object', '{}', 422, /^The context field is required$/],
    ['a context of null beside one that is none', '{"context":null,"contexts":"A"}', 422, /required$/],
  ];
  for (const [what, body, status, message] of bodies) {
    test(`${what} is ${status}`, async () => {
      assert.match(await refusal(body, status), message);
    });
  }

  test('deep nesting in a field without meaning does no harm', async () => {
    const response = await testServer().post('/autocomplete', `{"context":"A","x":${deep}}`);
    assert.deepEqual([response.status, response.headers.get('x-glossa-ignored-parameters')], [200, 'x']);
  });

  test('bytes that are no UTF-8 are refused', async () => {
    const body = Buffer.from('{"context":"\xff"}', 'latin1');
    const response = await testServer().app.request('/autocomplete', { method: 'POST', body });
    assert.deepEqual([response.status, await response.text()], [400, 'expected UTF-8 text as the body']);
  });
});

/** Refuses every request as it is told. */
class FailingEngine extends FakeEngine {
  constructor(readonly code: ErrorCode) {
    super();
  }

  override generate(): never {
    throw new GlossaError(this.code, `no ${this.code}`);
  }
}

describe('every error is plain text with its status', () => {
  const table: readonly [ErrorCode, number][] = [
    ['INVALID_REQUEST', 400],
    ['CONTEXT_OVERFLOW', 400],
    ['UNAUTHORIZED', 401],
    ['FORBIDDEN', 403],
    ['MODEL_NOT_FOUND', 404],
    ['ROUTE_NOT_FOUND', 404],
    ['BODY_TOO_LARGE', 413],
    ['MODEL_LOAD_FAILED', 424],
    ['NATIVE_UNAVAILABLE', 424],
    ['OUT_OF_MEMORY', 424],
    ['OVERLOADED', 429],
    ['CANCELLED', 499],
    ['ENGINE_CRASHED', 500],
    ['CONFIG_INVALID', 500],
    ['CONVERSION_FAILED', 500],
    ['INTERNAL', 500],
    ['MODEL_LOADING', 503],
    ['CLOSED', 503],
  ];
  for (const [code, status] of table) {
    test(`${code} is ${status}`, async () => {
      const server = testServer({ makeEngine: () => new FailingEngine(code) });
      const response = await server.post('/autocomplete', { context: 'A' });
      assert.deepEqual([response.status, await response.text()], [status, `no ${code}`]);
      assert.match(response.headers.get('content-type') ?? '', /^text\/plain/);
    });
  }
});
