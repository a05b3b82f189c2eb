import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { GlossaError } from '../../../src/errors.js';
import { FakeEngine } from '../../fakes/engine.js';
import { ownServer } from './own-server.js';

const COMPLETIONS = '/v1/completions';
const CHAT = '/v1/chat/completions';
const EMBEDDINGS = '/v1/embeddings';

/** Checks that an answer is an error of this API, and gives its text. */
async function detailOf(response: Response, status = 400): Promise<string> {
  const text = await response.text();
  assert.equal(response.status, status, text);
  const body = JSON.parse(text) as { detail: unknown };
  assert.deepEqual(Object.keys(body), ['detail']);
  assert.ok(typeof body.detail === 'string' && body.detail !== '');
  return body.detail;
}

const WRONG: readonly (readonly [field: string, values: readonly unknown[]])[] = [
  ['max_tokens', [0, -1, 1.5, 1e300, 2 ** 31, 'many', true, [], {}]],
  ['temperature', [-0.1, 2.1, 1e300, 'hot', '', true, [1], {}]],
  ['top_p', [-0.1, 1.1, 'all', false, [], {}]],
  ['top_k', [-1, 2.5, 2 ** 31, 'some', true, [], {}]],
  ['num_beams', [0, 65, 1.5, 1e9, 'two', true, [], {}]],
  ['repetition_penalty', [0, -1, 1e7, 'no', true, [], {}]],
  ['seed', [-1, 1.5, 2 ** 53, 'x', true, [], {}]],
  ['stop', [1, true, '', 'a\0', '\ud800', [''], [1], [[]], {}, Array(17).fill('a'), 'a'.repeat(1025)]],
  ['n', [0, 2, '1', true, []]],
  ['stream', [true, 'false', 0, {}]],
  ['model', [1, true, [], {}, 'a\0b']],
];

const BODIES: readonly (readonly [path: string, body: object, wrong: typeof WRONG])[] = [
  [
    COMPLETIONS,
    { prompt: 'A' },
    [
      ...WRONG,
      ['prompt', [undefined, null, 1, true, [], ['A'], [1, 2], {}, 'a\0b', '\ud800']],
      ['echo', [true, 1, 'x']],
      ['logprobs', [0, 5, true]],
    ],
  ],
  [
    CHAT,
    { messages: [{ role: 'user', message: 'A' }] },
    [
      ...WRONG,
      ['messages', [undefined, null, 1, true, [], {}, [1], [null], ['A'], [[]], 'a\0b', '\udfff']],
      ['messages.0.role', [[{ message: 'A' }], [{ role: 'bot', message: 'A' }], [{ role: 1, message: 'A' }]]],
      [
        'messages.0.message',
        [[{ role: 'user' }], [{ role: 'user', content: 'A' }], [{ role: 'user', message: 5 }]],
      ],
    ],
  ],
  [
    EMBEDDINGS,
    { input: 'A' },
    [
      [
        'input',
        [undefined, null, 1, true, {}, '', [], ['a', ''], [1], [[1, 2]], 'a\0', Array(2049).fill('a')],
      ],
      ['encoding_format', ['base64', 1]],
      ['dimensions', [2, '2']],
      ['model', [1, [], {}]],
    ],
  ],
];

for (const [path, body, wrong] of BODIES) {
  describe(path, () => {
    const server = ownServer();

    for (const [field, values] of wrong) {
      test(`refuses a wrong ${field} by name, and asks the engine nothing`, async () => {
        const [key = ''] = field.split('.');
        for (const value of values) {
          const detail = await detailOf(await server.post(path, { ...body, [key]: value }));
          assert.ok(detail.startsWith(field), `${JSON.stringify(value)}: ${detail}`);
        }
        assert.equal(server.engine.requests.length, 0);
      });
    }

    test('refuses what is no JSON object', async () => {
      const deep = '['.repeat(100_000) + ']'.repeat(100_000);
      for (const text of ['', '{', 'null', '[]', '"text"', '5', '{"a":1}}', deep, '\ufeff']) {
        assert.match(await detailOf(await server.post(path, text)), /^expected a JSON object as the body/);
      }
      const [field = ''] = Object.keys(body);
      await detailOf(await server.post(path, `{"${field}":${deep}}`));
    });

    test('takes the last of two equal keys', async () => {
      const text = `{"model":5,${JSON.stringify(body).slice(1, -1)},"model":"chinese-llama-alpaca"}`;
      assert.equal((await server.post(path, text)).status, 200);
    });

    test('does not know other models', async () => {
      const detail = await detailOf(await server.post(path, { ...body, model: 'gpt-5' }), 404);
      assert.match(detail, /^no model is called gpt-5/);
    });

    test('is answered by the model that is named, or by the default one', async () => {
      for (const model of ['package.json', 'chinese-llama-alpaca', '', null, undefined])
        assert.equal((await server.post(path, { ...body, model })).status, 200);
    });

    test('tells failures of the server in its own shape', async () => {
      const closed = ownServer();
      await closed.engine.close();
      await detailOf(await closed.post(path, body), 503);
    });

    test('tells that a key is missing, and that a body is too large', async () => {
      const locked = ownServer({}, { apiKeys: 'secret', bodyLimit: '100' });
      await detailOf(await locked.post(path, body), 401);
      const headers = { authorization: 'Bearer secret' };
      assert.equal((await locked.post(path, body, { headers })).status, 200);
      await detailOf(await locked.post(path, { ...body, user: 'x'.repeat(100) }, { headers }), 413);
    });
  });
}

describe('the context', () => {
  for (const [path, body, field] of [
    [COMPLETIONS, { prompt: 'word '.repeat(300) }, 'prompt'],
    [CHAT, { messages: 'word '.repeat(300) }, 'messages'],
  ] as const) {
    test(`${field} that exceed it are refused by name`, async () => {
      const detail = await detailOf(await ownServer().post(path, body));
      assert.match(
        detail,
        new RegExp(`^${field}: \\d+ tokens in the template exceed the context of 256 tokens$`),
      );
    });
  }

  for (const [path, body, field] of [
    [COMPLETIONS, { prompt: 'word '.repeat(300) }, 'prompt'],
    [CHAT, { messages: 'word '.repeat(300) }, 'messages'],
  ] as const) {
    test(`${field} whose bytes tell that they exceed it are not tokenized`, async () => {
      const server = ownServer({ info: { longestTokenBytes: 4 } });
      assert.match(
        await detailOf(await server.post(path, body)),
        new RegExp(`^${field}: at least \\d+ tokens exceed the context of 256 tokens$`),
      );
      assert.deepEqual(server.engine.tokenized, []);
    });
  }

  test('max_tokens beyond what is left of it are refused by name, and up to there are not', async () => {
    const server = ownServer();
    const detail = await detailOf(await server.post(COMPLETIONS, { prompt: 'A', max_tokens: 1000 }));
    const room = Number(/^max_tokens: expected at most (\d+), /.exec(detail)?.[1]);
    assert.ok(room > 100 && room < 256, detail);
    const { maxNewTokens } = await server.requestFor(COMPLETIONS, { prompt: 'A', max_tokens: room });
    assert.equal(maxNewTokens, room);
    await detailOf(await server.post(COMPLETIONS, { prompt: 'A', max_tokens: room + 1 }));
  });
});

describe('refusals of the engine', () => {
  test("are told in this API's names", async () => {
    class Strict extends FakeEngine {
      override generate(): never {
        const message = 'topK: expected at least 8 to sample with numBeams of 4';
        throw new GlossaError('INVALID_REQUEST', message, { param: 'topK' });
      }
    }
    const server = ownServer({}, {}, new Strict());
    const detail = await detailOf(await server.post(COMPLETIONS, { prompt: 'A', top_k: 5, num_beams: 4 }));
    assert.equal(detail, 'top_k: expected at least 8 to sample with num_beams of 4');
  });

  test('about the prompt of a chat are about its messages', async () => {
    class Strict extends FakeEngine {
      override generate(): never {
        throw new GlossaError('INVALID_REQUEST', 'prompt: too long', { param: 'prompt' });
      }
    }
    assert.equal(
      await detailOf(await ownServer({}, {}, new Strict()).post(CHAT, { messages: 'A' })),
      'messages: too long',
    );
  });
});

describe('routes', () => {
  test('that do not exist below /v1 are told as this API does', async () => {
    const server = ownServer();
    assert.equal(await detailOf(await server.get('/v1/models'), 404), 'no such route');
    assert.equal(await detailOf(await server.get(COMPLETIONS), 404), 'no such route');
  });
});
