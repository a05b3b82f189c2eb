import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { testConfiguration, testServer, type TestServer } from '../../fakes/server.js';
import { countingServer, one } from './setup.js';

const two = { generation_config: { max_new_tokens: 2 } };
const prompts = [
  { request_id: 'one', prompt: 'The dog' },
  { request_id: 'two', prompt: 'A very old cat' },
];

interface Item {
  request_id: string;
  prompt?: string;
  response: string;
}

async function batch(server: TestServer, body: object = {}): Promise<{ status: number; items: Item[] }> {
  const response = await server.post('/api/generate-batch', { prompts, ...two, ...body });
  return { status: response.status, items: (await response.json()) as Item[] };
}

function configured(settings: object): TestServer {
  const configuration = testConfiguration();
  Object.assign(configuration.settings, settings);
  return countingServer({ configuration });
}

describe('a request with ids that are known', () => {
  test('goes on where the last one ended; its prompt is ignored', async () => {
    const server = countingServer();
    assert.equal(await one(server, two), ' w2 w3');
    assert.equal(await one(server, { ...two, prompt: 'Something else' }), ' w4 w5');
    assert.equal(await one(server, { ...two, stream_response: false }), ' w6 w7');
    const { requests, options } = server.engine();
    assert.deepEqual(
      requests.map((request) => request.prompt.length),
      [2, 4, 6],
    );
    assert.deepEqual(
      options.map(({ continuedTokens }) => continuedTokens),
      [0, 2, 4],
    );
  });

  test('only_new_tokens false begins with everything so far', async () => {
    const server = countingServer();
    await one(server, two);
    assert.equal(await one(server, { ...two, only_new_tokens: false }), 'The dog w2 w3 w4 w5');
  });

  test('a new generation_config replaces the old one; without one, or with an empty one, the old one stays', async () => {
    const server = countingServer();
    await one(server, { generation_config: { max_new_tokens: 2, top_k: 5, seed: 9 } });
    await one(server, {});
    await one(server, { generation_config: {} });
    await one(server, { generation_config: { max_new_tokens: 3 } });
    await one(server, {});
    const seen = server.engine().requests.map(({ topK, maxNewTokens, seed }) => [topK, maxNewTokens, seed]);
    // The random numbers go on from the same seed until the client names another.
    assert.deepEqual(seen, [
      [5, 2, 9],
      [5, 2, 9],
      [5, 2, 9],
      [50, 3, 9],
      [50, 3, 9],
    ]);
  });

  test('the seed that the server gave goes on too', async () => {
    const server = countingServer();
    await one(server, two);
    await one(server, two);
    await one(server, { ...two, request_id: 'other' });
    const [first, second, other] = server.engine().requests;
    assert.equal(second?.seed, first?.seed);
    assert.notEqual(other?.seed, first?.seed);
  });

  test('EOS drops the entry: the next request begins anew', async () => {
    const server = testServer({ engine: { script: () => [' one', '<eos>'] } });
    assert.equal(await one(server, {}), ' one</s>');
    assert.equal(await one(server, { prompt: 'A new one' }), ' one</s>');
    assert.equal(server.engine().requests[1]?.prompt.length, 3);
  });

  test('beams search anew from the row so far', async () => {
    const server = countingServer();
    await one(server, { generation_config: { num_beams: 2, max_new_tokens: 2 } });
    await one(server, {});
    const { requests, options } = server.engine();
    assert.deepEqual([requests[1]?.prompt.length, requests[1]?.numBeams], [4, 2]);
    assert.equal(options[1]?.continuedTokens, 2);
  });

  test('a full context is 400, and max_new_tokens gives way before it', async () => {
    const server = countingServer({ engine: { info: { contextSize: 8 } } });
    const config = { generation_config: { max_new_tokens: 4 } };
    assert.equal(await one(server, config), ' w2 w3 w4 w5');
    assert.equal(await one(server, config), ' w6 w7');
    const response = await server.post('/api/generate-one', { request_id: 'a', ...config });
    assert.equal(response.status, 400);
    assert.equal(await response.text(), "the text so far leaves no room in the model's context of 8 tokens");
  });
});

describe('batches', () => {
  test('are continued as a whole, in their order', async () => {
    const server = countingServer();
    assert.deepEqual(
      (await batch(server)).items.map(({ response }) => response),
      [' w2 w3', ' w4 w5'],
    );
    const { items } = await batch(server, { only_new_tokens: false });
    assert.deepEqual(items, [
      { request_id: 'one', prompt: 'The dog w2 w3', response: ' w4 w5' },
      { request_id: 'two', prompt: 'A very old cat w4 w5', response: ' w6 w7' },
    ]);
    const swapped = await batch(server, { prompts: prompts.toReversed() });
    assert.deepEqual(
      swapped.items.map(({ response }) => response),
      [' w4 w5', ' w2 w3'],
    );
  });

  test('add nothing to what has ended, and are dropped when all has', async () => {
    const script = (_: number, { prompt }: { prompt: string | readonly number[] }): string[] =>
      prompt.length === 2 ? ['<eos>'] : prompt.length === 6 ? [' end', '<eos>'] : [' on'];
    const server = testServer({ engine: { script } });
    const first = await batch(server);
    assert.equal(first.status, 206);
    assert.deepEqual(
      first.items.map(({ response }) => response),
      ['</s>', ' on on'],
    );
    const second = await batch(server, { only_new_tokens: false });
    assert.equal(second.status, 200);
    assert.deepEqual(second.items, [
      { request_id: 'one', prompt: 'The dog</s>', response: '' },
      { request_id: 'two', prompt: 'A very old cat on on', response: ' end</s>' },
    ]);
    assert.equal(server.engine().requests.length, 3);
    assert.equal((await batch(server)).items[0]?.response, '</s>');
  });

  test('ids that only look alike when they are joined are different ones', async () => {
    const server = countingServer();
    const ids = (...names: string[]): object => ({
      prompts: names.map((request_id) => ({ request_id, prompt: 'A' })),
    });
    await batch(server, ids('a-b', 'c'));
    assert.equal((await batch(server, ids('a', 'b-c'))).items[0]?.response, ' w1 w2');
    assert.equal(await one(server, { request_id: 'a-b-c', ...two }), ' w2 w3');
  });

  test('of one prompt are the same as generate-one', async () => {
    const server = countingServer();
    await one(server, { request_id: 'one', ...two });
    assert.equal((await batch(server, { prompts: prompts.slice(0, 1) })).items[0]?.response, ' w4 w5');
  });
});

describe('bounds', () => {
  test('beyond continuationLimit the least recently used goes', async () => {
    const server = configured({ continuationLimit: 2 });
    for (const request_id of ['a', 'b', 'a', 'c']) await one(server, { request_id, ...two });
    assert.equal(await one(server, { request_id: 'b', ...two }), ' w2 w3');
  });

  test('continuationLimit 0 keeps nothing', async () => {
    const server = configured({ continuationLimit: 0 });
    await one(server, two);
    assert.equal(await one(server, two), ' w2 w3');
  });

  test('after continuationTtl it is gone', async () => {
    const server = configured({ continuationTtl: 0.05 });
    await one(server, two);
    assert.equal(await one(server, two), ' w4 w5');
    await new Promise((resolve) => setTimeout(resolve, 60));
    assert.equal(await one(server, two), ' w2 w3');
  });

  test('what belongs to another key is not found', async () => {
    const server = countingServer({ flags: { apiKeys: ['first', 'second'] } });
    const ask = async (key: string): Promise<string> => {
      const body = { request_id: 'a', prompt: 'The dog', ...two };
      return await (await server.post('/api/generate-one', body, { authorization: `Bearer ${key}` })).text();
    };
    assert.equal(await ask('first'), ' w2 w3');
    assert.equal(await ask('second'), ' w2 w3');
    assert.equal(await ask('first'), ' w4 w5');
  });
});

describe('interruptions', () => {
  test('what a client got of a stream before it left is kept', async () => {
    const server = countingServer({ engine: { tokenDelayMs: 2 } });
    const response = await server.post('/api/generate-one', { request_id: 'a', prompt: 'The dog' });
    const reader = (response.body ?? new Blob([]).stream()).getReader();
    const { value } = (await reader.read()) as { value?: Uint8Array };
    await reader.cancel();
    const got = new TextDecoder().decode(value).split(' ').length;
    const rest = await one(server, two);
    // The engine may have been a few steps ahead.
    const next = Number(/^ w(\d+) w\d+$/.exec(rest)?.[1]);
    assert.ok(next >= got + 1 && next < 200, rest);
  });

  test('a failure leaves an answer that was not streamed as it was before', async () => {
    const server = countingServer({ engine: { crashAfterTokens: 3 } });
    await one(server, { ...two, stream_response: false });
    const failing = { request_id: 'a', generation_config: { max_new_tokens: 9 }, stream_response: false };
    assert.equal((await server.post('/api/generate-one', failing)).status, 500);
    assert.equal(await one(server, { ...two, stream_response: false }), ' w4 w5');
  });

  test('what a failing stream gave is kept', async () => {
    const server = countingServer({ engine: { crashAfterTokens: 3 } });
    const response = await server.post('/api/generate-one', { request_id: 'a', prompt: 'The dog' });
    await assert.rejects(response.text());
    assert.equal(await one(server, two), ' w5 w6');
  });
});

describe('requests of the same ids at once', () => {
  test('run one after the other, each from the end of the one before', async () => {
    const server = countingServer({ engine: { tokenDelayMs: 1 } });
    const answers = await Promise.all([one(server, two), one(server, two), one(server, two)]);
    assert.deepEqual(answers, [' w2 w3', ' w4 w5', ' w6 w7']);
  });

  test('do not wait for one whose client left, and are refused beyond a bound', async () => {
    const server = countingServer({ engine: { tokenDelayMs: 1 } });
    const ask = async (signal?: AbortSignal): Promise<Response> =>
      await server.app.request('/api/generate-one', {
        method: 'POST',
        body: JSON.stringify({
          request_id: 'a',
          prompt: 'The dog',
          generation_config: { max_new_tokens: 30 },
        }),
        ...(signal && { signal }),
      });
    const first = ask();
    const leaving = new AbortController();
    const second = ask(leaving.signal);
    const others = Array.from({ length: 40 }, () => one(server, two).catch((error: unknown) => error));
    leaving.abort();
    assert.equal((await (await first).text()).split(' ').length, 31);
    assert.equal((await second).status, 499);
    const outcomes = await Promise.all(others);
    const answered = outcomes.filter((outcome) => typeof outcome === 'string');
    assert.ok(answered.length >= 31 && answered.length < 40, `${answered.length}`);
    assert.equal(answered[0], ' w32 w33');
  });
});
