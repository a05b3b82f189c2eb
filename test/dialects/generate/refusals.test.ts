import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { testServer } from '../../fakes/server.js';

const ONE = '/api/generate-one';
const BATCH = '/api/generate-batch';
const valid = { request_id: 'a', prompt: 'A' };
const config = (generation_config: unknown): object => ({ ...valid, generation_config });
const server = testServer();

async function refused(path: string, body: unknown, text: string, detail: RegExp): Promise<void> {
  const response = await server.post(path, body);
  const answer = await response.text();
  assert.equal(response.status, 400, answer);
  assert.match(response.headers.get('content-type') ?? '', /^text\/plain/);
  assert.equal(answer, text);
  assert.match(response.headers.get('x-glossa-error') ?? '', detail);
}

describe('Invalid Data Format', () => {
  const cases: readonly [string, unknown, RegExp][] = [
    ['no request_id', { prompt: 'A' }, /^request_id: expected a string/],
    ['an empty request_id', { ...valid, request_id: '' }, /^request_id: .*not empty/],
    ['a request_id that is no text', { ...valid, request_id: 7 }, /^request_id: expected a string/],
    ['null as request_id', { ...valid, request_id: null }, /^request_id: expected a string/],
    ['an empty prompt', { ...valid, prompt: '' }, /^prompt: .*not empty/],
    ['null as prompt', { ...valid, prompt: null }, /^prompt: expected a string/],
    ['a prompt that is a list', { ...valid, prompt: ['A'] }, /^prompt: expected a string/],
    ['NUL in a prompt', { ...valid, prompt: 'a\0b' }, /^prompt: must not contain NUL/],
    [
      'a lone surrogate',
      String.raw`{"request_id":"a","prompt":"\ud800"}`,
      /^prompt: must not contain lone surrogates/,
    ],
    ['a lone surrogate in request_id', String.raw`{"request_id":"\udc00"}`, /^request_id: must not contain/],
    ['generation_config as a text', config('greedy'), /^generation_config: expected an object/],
    ['generation_config as a list', config([1]), /^generation_config: expected an object/],
    ['num_beams as a text', config({ num_beams: '1' }), /^generation_config\.num_beams: expected an integer/],
    ['num_beams 0', config({ num_beams: 0 }), /num_beams: expected an integer from 1 to 64, received 0/],
    ['num_beams 65', config({ num_beams: 65 }), /num_beams: .*received 65/],
    ['num_beams 1.5', config({ num_beams: 1.5 }), /num_beams/],
    ['num_beams true', config({ num_beams: true }), /num_beams/],
    ['do_sample 1', config({ do_sample: 1 }), /do_sample: expected true or false, received 1/],
    ['do_sample null', config({ do_sample: null }), /do_sample: expected true or false, received null/],
    ['temperature as a text', config({ temperature: 'hot' }), /temperature: expected a number/],
    ['temperature -1', config({ temperature: -1 }), /temperature/],
    ['temperature 1e999', '{"request_id":"a","generation_config":{"temperature":1e999}}', /temperature/],
    ['top_p 1.1', config({ top_p: 1.1 }), /generation_config\.top_p: expected a number from 0 to 1/],
    ['top_p -0.1', config({ top_p: -0.1 }), /top_p/],
    ['top_k -1', config({ top_k: -1 }), /top_k/],
    ['top_k 2.5', config({ top_k: 2.5 }), /top_k/],
    ['top_k 1e12', config({ top_k: 1e12 }), /top_k/],
    ['max_new_tokens 0', config({ max_new_tokens: 0 }), /max_new_tokens: expected an integer from 1/],
    ['max_new_tokens 1e300', config({ max_new_tokens: 1e300 }), /max_new_tokens/],
    ['repetition_penalty 0', config({ repetition_penalty: 0 }), /repetition_penalty/],
    ['length_penalty as a list', config({ length_penalty: [1] }), /length_penalty/],
    ['length_penalty 1e9', config({ length_penalty: 1e9 }), /length_penalty/],
    ['seed -1', config({ seed: -1 }), /seed/],
    ['seed as a text', config({ seed: '42' }), /seed/],
    [
      'an id that is too long',
      { ...valid, request_id: 'x'.repeat(1025) },
      /^request_id: expected at most 1024/,
    ],
  ];
  for (const [what, body, detail] of cases) {
    test(what, async () => {
      await refused(ONE, body, 'Invalid Data Format', detail);
    });
  }

  const batches: readonly [string, unknown, RegExp][] = [
    [
      'an id that is too long',
      { prompts: [valid, { request_id: 'x'.repeat(1025) }] },
      /^prompts\.1\.request_id: expected at most 1024 characters$/,
    ],
    ['no prompts', {}, /^prompts: expected an array/],
    ['prompts as an object', { prompts: {} }, /^prompts: expected an array/],
    ['an empty list of prompts', { prompts: [] }, /^prompts: expected at least one/],
    ['a prompt that is a text', { prompts: ['A'] }, /^prompts\.0: expected an object/],
    ['a prompt that is null', { prompts: [valid, null] }, /^prompts\.1: expected an object/],
    ['a second prompt without id', { prompts: [valid, { prompt: 'B' }] }, /^prompts\.1\.request_id/],
    [
      'too many prompts',
      { prompts: Array.from({ length: 257 }, (_, i) => ({ request_id: `${i}` })) },
      /at most 256/,
    ],
    ['the body of generate-one', valid, /^prompts/],
  ];
  for (const [what, body, detail] of batches) {
    test(`batch: ${what}`, async () => {
      await refused(BATCH, body, 'Invalid Data Format', detail);
    });
  }
});

test('a request_id has up to 1,024 characters', async () => {
  const response = await server.post(ONE, { ...valid, request_id: 'x'.repeat(1024) });
  assert.equal(response.status, 200);
});

test('Duplicate request_ids', async () => {
  await refused(
    BATCH,
    { prompts: [valid, valid] },
    'Duplicate request_ids',
    /^prompts: expected request_ids/,
  );
});

describe('Invalid JSON format', () => {
  const bodies: readonly [string, string][] = [
    ['malformed JSON', '{"request_id":"a"'],
    ['an empty body', ''],
    ['a list', '[1]'],
    ['a text', '"A"'],
    ['null', 'null'],
    ['deep nesting', '['.repeat(100_000)],
  ];
  for (const path of [ONE, BATCH]) {
    for (const [what, body] of bodies) {
      test(`${path}: ${what}`, async () => {
        await refused(path, body, 'Invalid JSON format', /^expected a JSON object/);
      });
    }
  }

  test('bytes that are no UTF-8', async () => {
    const body = Buffer.from('{"request_id":"\xff"}', 'latin1');
    const response = await server.app.request(ONE, { method: 'POST', body });
    assert.equal(response.status, 400);
    assert.equal(await response.text(), 'Invalid JSON format');
  });
});

describe('other refusals', () => {
  test('a body over the limit: 413 as text', async () => {
    const response = await server.post(ONE, { ...valid, prompt: 'x'.repeat(9_000_000) });
    assert.equal(response.status, 413);
    assert.match(await response.text(), /^the body exceeds/);
  });

  test('deeply nested values that mean nothing are answered', async () => {
    const nested = '['.repeat(999) + ']'.repeat(999);
    const response = await server.post(ONE, `{"request_id":"deep","prompt":"A","x":${nested}}`);
    assert.equal(response.status, 200);
    await response.text();
  });

  test('of a key that comes twice the last counts, as JSON parsers have it', async () => {
    const response = await server.post(
      ONE,
      '{"request_id":"twice","prompt":"A","generation_config":{"max_new_tokens":9,"max_new_tokens":2}}',
    );
    assert.equal(await response.text(), ' barks at');
  });

  test('GET is no such route', async () => {
    assert.equal((await server.app.request(ONE)).status, 404);
  });

  test('without a key: 401 as text', async () => {
    const locked = testServer({ flags: { apiKeys: ['secret'] } });
    const response = await locked.post(ONE, valid);
    assert.equal(response.status, 401);
    assert.equal(await response.text(), 'an API key is required');
    const opened = await locked.post(ONE, valid, { authorization: 'Bearer secret' });
    assert.equal(opened.status, 200);
  });
});

describe('alive and ready', () => {
  for (const method of ['POST', 'GET']) {
    test(method, async () => {
      const alive = await server.app.request('/api/alive', { method });
      assert.deepEqual([alive.status, await alive.text()], [200, 'alive']);
    });
  }

  test('ready once the model is loaded', async () => {
    const fresh = testServer();
    const before = await fresh.post('/api/ready', '');
    assert.equal(before.status, 503);
    assert.equal(await before.text(), 'the model is not ready');
    await (await fresh.post(ONE, valid)).text();
    const after = await fresh.post('/api/ready', '');
    assert.deepEqual([after.status, await after.text()], [200, 'ready']);
  });
});

test('a page of another origin may call', async () => {
  const headers = { origin: 'https://example.org', 'access-control-request-method': 'POST' };
  const preflight = await server.app.request(ONE, { method: 'OPTIONS', headers });
  assert.equal(preflight.status, 204);
  assert.ok(preflight.headers.get('access-control-allow-origin'));
  assert.match(preflight.headers.get('access-control-allow-headers') ?? '', /Content-Type/);
});
