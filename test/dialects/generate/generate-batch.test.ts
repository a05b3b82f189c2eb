import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { testServer, type TestServer } from '../../fakes/server.js';
import { countingServer } from './setup.js';

const PATH = '/api/generate-batch';
const prompts = [
  { request_id: 'one', prompt: 'The dog' },
  { request_id: 'two', prompt: 'A very old cat' },
];

interface Item {
  request_id: string;
  prompt?: string;
  response: string;
}

async function batch(server: TestServer, body: object): Promise<{ status: number; items: Item[] }> {
  const response = await server.post(PATH, { prompts, ...body });
  return { status: response.status, items: (await response.json()) as Item[] };
}

/** A model that says two words after "The dog" and then EOS, and goes on for ever after other prompts. */
function endingServer(): TestServer {
  const script = (_: number, { prompt }: { prompt: string | readonly number[] }): string[] =>
    prompt.length === 2 ? [' one', ' two', '<eos>'] : [' and', ' on'];
  return testServer({ engine: { script } });
}

/** Notes how many requests run, until the test ends. */
async function watch(server: TestServer, running: number[]): Promise<never> {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 1).unref());
    const engine = server.models.status().state.name === 'ready' ? server.engine() : undefined;
    if (engine !== undefined) running.push((await engine.stats()).activeRequests);
  }
}

describe('the answer', () => {
  test('holds each response in the order of the prompts', async () => {
    const { items } = await batch(countingServer(), { generation_config: { max_new_tokens: 2 } });
    assert.deepEqual(items, [
      { request_id: 'one', response: ' w2 w3' },
      { request_id: 'two', response: ' w4 w5' },
    ]);
  });

  test('only_new_tokens false adds the prompts', async () => {
    const { items } = await batch(countingServer(), {
      only_new_tokens: false,
      generation_config: { max_new_tokens: 1 },
    });
    assert.deepEqual(items, [
      { request_id: 'one', prompt: 'The dog', response: ' w2' },
      { request_id: 'two', prompt: 'A very old cat', response: ' w4' },
    ]);
  });

  test('is 200 if every sequence reached EOS, else 206', async () => {
    const config = { generation_config: { max_new_tokens: 4 } };
    const both = await batch(endingServer(), config);
    assert.equal(both.status, 206);
    assert.deepEqual(
      both.items.map((item) => item.response),
      [' one two</s>', ' and on and on'],
    );
    const ending = await batch(endingServer(), { ...config, prompts: prompts.slice(0, 1) });
    assert.equal(ending.status, 200);
  });

  test('a missing prompt is a space', async () => {
    const body = { prompts: [{ request_id: 'x' }], only_new_tokens: false };
    assert.equal((await batch(testServer(), body)).items[0]?.prompt, ' ');
  });
});

describe('how it runs', () => {
  test('generation_config counts for all, each prompt with a seed of its own', async () => {
    const server = testServer();
    await batch(server, { generation_config: { top_k: 4, seed: 5 } });
    const { requests } = server.engine();
    assert.deepEqual(
      requests.map((request) => request.topK),
      [4, 4],
    );
    assert.equal(requests[0]?.seed, 5);
    assert.notEqual(requests[1]?.seed, 5);
    const again = testServer();
    await batch(again, { generation_config: { top_k: 4, seed: 5 } });
    assert.equal(again.engine().requests[1]?.seed, requests[1]?.seed);
  });

  test('without max_new_tokens each text has 2048 tokens, where the model has room for them', async () => {
    const server = testServer({ engine: { script: () => [' word'], info: { contextSize: 4096 } } });
    for (const { response } of (await batch(server, {})).items) assert.equal(response, ' word'.repeat(2048));
  });

  test('a batch larger than the model decodes at once takes turns', async () => {
    const many = Array.from({ length: 40 }, (_, index) => ({ request_id: `r${index}`, prompt: 'A' }));
    const server = countingServer({ engine: { tokenDelayMs: 1 } });
    const answer = batch(server, { prompts: many, generation_config: { max_new_tokens: 3 } });
    const running: number[] = [];
    const { items } = await Promise.race([answer, watch(server, running)]);
    assert.equal(items.length, 40);
    assert.ok(items.every((item) => item.response === ' w1 w2 w3'));
    assert.equal(Math.max(...running), 16);
  });

  test('one that fails ends the others', async () => {
    const server = testServer({ engine: { crashAfterTokens: 3 } });
    const response = await server.post(PATH, { prompts });
    assert.equal(response.status, 500);
    assert.equal(await response.text(), "the model's process died");
    assert.equal((await server.engine().stats()).activeRequests, 0);
  });
});
