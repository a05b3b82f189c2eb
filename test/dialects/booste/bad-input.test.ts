import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { keyIn } from '../../../src/dialects/booste/schema.js';
import { testServer } from '../../fakes/server.js';
import {
  call,
  CANCEL,
  CHECK,
  CHECK_V1,
  ended,
  ENVELOPED_CHECK,
  ENVELOPED_START,
  GENERIC_CHECK,
  GENERIC_START,
  start,
  START,
  SYNC,
} from './calls.js';

const STARTS = [SYNC, START, GENERIC_START, ENVELOPED_START];
const CHECKS = [CHECK, CHECK_V1, CANCEL, GENERIC_CHECK, ENVELOPED_CHECK];
const ROUTES = [...STARTS, ...CHECKS];
const UNKNOWN_ID = '3f0c6f4e-0000-4000-8000-000000000000';

/** GPT-2 parameters, and a model's name, in the place where a route has them. */
function startBody(path: string, { model = 'gpt2', ...fields }: Record<string, unknown>): object {
  const generic = { modelKey: model, modelParameters: { string: 'A', ...fields } };
  if (path === GENERIC_START) return generic;
  return path === ENVELOPED_START ? { data: generic } : { string: 'A', modelSize: model, ...fields };
}

function checkBody(path: string, taskId: unknown, credentials: object = {}): object {
  const fields = { TaskID: taskId, ...credentials };
  return path === ENVELOPED_CHECK ? { longPoll: true, data: fields } : fields;
}

/** Asserts a refusal in the API's shape and gives its message. */
async function refusal(
  path: string,
  body: unknown,
  { status = 400, server = testServer(), headers = {} } = {},
): Promise<string> {
  const answer = await call(server, path, body, headers);
  const shown = `${path} ${JSON.stringify(answer.body)}`;
  assert.equal(answer.status, status, shown);
  const { message, ...others } = answer.body;
  assert.deepEqual(others, path.startsWith('/api/') ? { success: false } : {}, shown);
  assert.ok(typeof message === 'string' && message !== '');
  return message;
}

describe('bodies that are no JSON objects', () => {
  const bodies = ['', 'nothing', '[]', '[{}]', '"text"', '1', 'null', '{"string":', '[['.repeat(50_000)];
  for (const path of ROUTES) {
    test(`are refused by ${path}`, async () => {
      for (const body of bodies)
        assert.match(await refusal(path, body), /^expected a JSON object as the body/);
      const server = testServer({ flags: { bodyLimit: '100' } });
      await refusal(path, `{"string":"${'x'.repeat(200)}"}`, { status: 413, server });
    });
  }
});

describe('fields of a start', () => {
  const wrong: readonly [field: string, values: readonly unknown[], expected: RegExp][] = [
    ['string', [1, true, [], {}, null, undefined], /string: expected a string$/],
    ['string', ['a\0b'], /string: must not contain NUL characters$/],
    ['string', ['a\uD800'], /string: must not contain lone surrogates$/],
    ['length', ['five', '', true, [], {}, '0x10', '1 2'], /length: expected a number$/],
    ['length', [-1, 1.5, '2.5', 100_001, '1e999', 1e300], /length: expected an integer from 0 to 100000$/],
    ['temperature', ['hot', true, [0.5], {}], /temperature: expected a number$/],
    ['temperature', [0, 0.09, 1.01, -1, '2', 1e300], /temperature: expected a number from 0.1 to 1$/],
    ['windowMax', ['all', true, [], {}], /windowMax: expected a number$/],
    ['windowMax', [0, -5, 1024, 1.5, '1e9'], /windowMax: expected an integer from 1 to 1023$/],
    ['seed', ['x', -1, 1.5, 2 ** 60, []], /seed: expected (a number|an integer from 0 to 9007199254740991)$/],
    ['model', [1, {}, [], true], /model(Size|Key): expected a string$/],
    ['model', ['', 'gpt9', '__proto__', 'x'.repeat(100_000)], /model(Size|Key): no model is called so$/],
  ];
  for (const path of STARTS) {
    for (const [field, values, expected] of wrong) {
      test(`${path} refuses ${field} by name (${expected.source})`, async () => {
        for (const value of values) {
          // Undefined is not written at all.
          const body = JSON.stringify(startBody(path, { [field]: value }));
          if (field !== 'model' || value !== undefined) assert.match(await refusal(path, body), expected);
        }
      });
    }
  }

  const fields = (count: number): Record<string, number> =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`field${index}`, index]));

  test('are 64 at most, in each object', async () => {
    const words = { string: 'A', length: 1 };
    const expected = /expected at most 64 fields$/;
    assert.equal((await call(testServer(), START, { ...words, ...fields(62) })).status, 200);
    for (const [path, body, place] of [
      [SYNC, { ...words, ...fields(63) }, ''],
      [START, { ...words, ...fields(63) }, ''],
      [CHECK, { TaskID: UNKNOWN_ID, ...fields(64) }, ''],
      [GENERIC_START, { modelKey: 'gpt2', modelParameters: words, ...fields(63) }, ''],
      [
        GENERIC_START,
        { modelKey: 'gpt2', modelParameters: { ...words, ...fields(63) } },
        'modelParameters: ',
      ],
      [ENVELOPED_START, { data: { modelKey: 'gpt2', modelParameters: words }, ...fields(64) }, ''],
      [ENVELOPED_CHECK, { data: { taskID: UNKNOWN_ID, ...fields(64) } }, 'data: '],
    ] as const) {
      const message = await refusal(path, body);
      assert.match(message, expected);
      assert.equal(message.replace(expected, ''), place, path);
    }
  });

  test('are not gone through for the key', async () => {
    const server = testServer({ flags: { apiKeys: 'sk-secret' } });
    for (const path of [SYNC, START, CHECK, GENERIC_START, GENERIC_CHECK])
      await refusal(path, fields(65), { status: 401, server });
    const given = new Proxy<Record<string, unknown>>(
      { api_key: 'sk-secret' },
      {
        ownKeys: () => {
          throw new Error('its fields were listed');
        },
      },
    );
    assert.equal(keyIn(given), 'sk-secret');
  });

  test('null is as good as nothing where there is a default', async () => {
    for (const path of STARTS) {
      const nothing = { length: null, temperature: null, windowMax: null, seed: null };
      assert.equal((await call(testServer(), path, startBody(path, nothing))).status, 200);
    }
  });

  test('of two of the same name the last one counts', async () => {
    const response = await testServer().post(SYNC, '{"string":"A","length":"x","length":1}');
    assert.equal(await response.text(), '["barks"]');
  });

  test('unknown ones are told; of two spellings the one of the clients counts', async () => {
    const body = { string: 'A', in_string: 'B', top_k: 5, length: 1, 'a b\n': 1 };
    const { headers } = await call(testServer(), SYNC, body);
    assert.equal(headers.get('x-glossa-ignored-parameters'), 'in_string, top_k, a?b?');
  });

  test('unknown modelParameters are refused', async () => {
    for (const path of [GENERIC_START, ENVELOPED_START]) {
      const place = path === ENVELOPED_START ? 'data.modelParameters' : 'modelParameters';
      assert.equal(
        await refusal(path, startBody(path, { windowMx: 5 })),
        `${place}.windowMx: unknown parameter; did you mean windowMax?`,
      );
      const nested = JSON.stringify(startBody(path, { nested: 0 })).replace(
        '0',
        '['.repeat(9) + ']'.repeat(9),
      );
      assert.equal(await refusal(path, nested), `${place}.nested: unknown parameter`);
    }
  });

  test('modelKey and modelParameters are needed', async () => {
    const modelParameters = { string: 'A' };
    assert.equal(await refusal(GENERIC_START, { modelParameters }), 'modelKey: expected a string');
    for (const other of [undefined, null, [], 'x', 5]) {
      const body = { modelKey: 'gpt2', modelParameters: other };
      assert.equal(await refusal(GENERIC_START, body), 'modelParameters: expected an object');
      const data = { data: body };
      assert.equal(await refusal(ENVELOPED_START, data), 'data.modelParameters: expected an object');
    }
  });

  test('data is needed in an envelope', async () => {
    for (const path of [ENVELOPED_START, ENVELOPED_CHECK]) {
      for (const data of [undefined, null, [], 'x', 1])
        assert.equal(await refusal(path, { data }), 'data: expected an object');
    }
  });
});

describe('fields of a check', () => {
  for (const path of CHECKS) {
    test(`${path} refuses ids that are none`, async () => {
      for (const id of [undefined, null, 5, true, [], {}, ''])
        assert.match(await refusal(path, checkBody(path, id)), /TaskID: expected/);
      assert.match(await refusal(path, checkBody(path, 'x'.repeat(1000))), /TaskID: too long/);
    });

    test(`${path} does not know unknown ids`, async () => {
      for (const id of [UNKNOWN_ID, 'x', '../..', "' OR 1=1 --", '__proto__']) {
        assert.equal(await refusal(path, checkBody(path, id), { status: 404 }), 'there is no such task');
      }
    });
  }

  test('longPoll is true or false', async () => {
    const server = testServer();
    const taskID = await start(server, {});
    for (const longPoll of ['true', 1, {}]) {
      const body = { longPoll, data: { taskID } };
      assert.equal(await refusal(ENVELOPED_CHECK, body, { server }), 'longPoll: expected true or false');
    }
  });
});

describe('API keys', () => {
  const keyed = (): ReturnType<typeof testServer> => testServer({ flags: { apiKeys: 'alpha,beta' } });
  const withKey = (path: string, body: object, apiKey: unknown): object =>
    path === ENVELOPED_START ? { data: { ...(body as { data: object }).data, apiKey } } : { ...body, apiKey };

  test('any will do where none is configured', async () => {
    for (const apiKey of ['any', '', 5, null, undefined])
      assert.equal((await call(testServer(), SYNC, { string: 'A', apiKey })).status, 200);
  });

  for (const path of STARTS) {
    test(`${path} needs one of those that are configured`, async () => {
      const server = keyed();
      const body = startBody(path, {});
      const asked = { status: 401, server };
      assert.equal(await refusal(path, body, asked), 'an API key is required');
      for (const key of ['gamma', '', 5, ['alpha'], 'alpha,beta'])
        assert.equal(await refusal(path, withKey(path, body, key), asked), 'the API key is not valid');
      // Nothing is told of what else is wrong.
      assert.match(await refusal(path, withKey(path, startBody(path, { length: -1 }), 'x'), asked), /key/);
      assert.equal((await call(server, path, withKey(path, body, 'beta'))).status, 200);
      assert.equal((await call(server, path, body, { 'x-api-key': 'beta' })).status, 200);
      assert.equal((await call(server, path, body, { authorization: 'Bearer alpha' })).status, 200);
    });
  }

  for (const path of CHECKS) {
    test(`${path} shows a task to the key that started it`, async () => {
      const server = keyed();
      const id = await start(server, { apiKey: 'alpha' });
      await ended(server, id, { apiKey: 'alpha' });
      assert.equal((await call(server, path, checkBody(path, id, { apiKey: 'alpha' }))).status, 200);
      const headers = { 'api-key': 'alpha' };
      assert.equal((await call(server, path, checkBody(path, id), headers)).status, 200);
      const others = checkBody(path, id, { apiKey: 'beta' });
      assert.equal(await refusal(path, others, { status: 404, server }), 'there is no such task');
      const wrong = checkBody(path, id, { apiKey: 'gamma' });
      assert.equal(await refusal(path, wrong, { status: 401, server }), 'the API key is not valid');
    });
  }

  test('the checks whose clients send none do without one: the id is the secret', async () => {
    const server = keyed();
    const id = await start(server, { apiKey: 'alpha' });
    await ended(server, id, { apiKey: 'alpha' });
    for (const path of [CHECK_V1, ENVELOPED_CHECK]) {
      assert.equal((await call(server, path, checkBody(path, id))).status, 200);
      await refusal(path, checkBody(path, UNKNOWN_ID), { status: 404, server });
    }
    for (const path of [CHECK, CANCEL, GENERIC_CHECK])
      await refusal(path, checkBody(path, id), { status: 401, server });
  });
});
