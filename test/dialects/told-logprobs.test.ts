import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { FAKE_INFO } from '../fakes/engine.js';
import { testServer } from '../fakes/server.js';
import { QUESTION, TEMPLATE } from './openai/chat-server.js';
import type { Posting } from './openai/completing.js';

interface Refusal {
  readonly error: { readonly message: string; readonly param?: string };
}

/** Refused before the engine is asked for anything. */
async function refusalOf(server: Posting, path: string, body: object): Promise<Refusal['error']> {
  const response = await server.post(path, body);
  const text = await response.text();
  assert.equal(response.status, 400, text.slice(0, 1000));
  return (JSON.parse(text) as Refusal).error;
}

async function isTaken(server: Posting, path: string, body: object): Promise<void> {
  const response = await server.post(path, body);
  assert.equal(response.status, 200, (await response.text()).slice(0, 1000));
}

const ids = (count: number): number[] => Array<number>(count).fill(5);
const most = 1024;
const engine = { info: { ...FAKE_INFO, contextSize: most, chatTemplate: TEMPLATE } };

describe('an answer of many texts tells so many log-probabilities at most', () => {
  const greedy = { n: 128, temperature: 0, max_tokens: 1, echo: true, logprobs: 5 };

  test('completions: echoed prompts count, in every copy of a greedy text', async () => {
    const prompt = Array<number[]>(16).fill(ids(most - 1));
    const { message, param } = await refusalOf(testServer({ engine }), '/v1/completions', {
      ...greedy,
      prompt,
    });
    assert.equal(param, 'logprobs');
    const tokens = 16 * 128 * most;
    assert.equal(
      message,
      `logprobs: expected an answer of at most 500000 log-probabilities, received a request for ${tokens * 6}: up to ${tokens} tokens in 2048 texts, 6 for each`,
    );
  });

  test('completions: a single prompt is counted too, text or ids', async () => {
    for (const prompt of [ids(700), 'a '.repeat(700)]) {
      const { param } = await refusalOf(testServer({ engine }), '/v1/completions', { ...greedy, prompt });
      assert.equal(param, 'logprobs');
    }
  });

  test('completions: without echo, without logprobs, in one text or as a stream there is no such bound', async () => {
    const server = testServer({ engine });
    const prompt = Array<number[]>(16).fill(ids(most - 1));
    const { echo: _, ...unechoed } = greedy;
    await isTaken(server, '/v1/completions', { ...unechoed, prompt });
    await isTaken(server, '/v1/completions', { ...greedy, n: 1, prompt: ids(most - 1) });
  });

  test('chat: choices times new tokens, before anything is generated', async () => {
    const server = testServer({ engine });
    const body = { ...QUESTION, n: 128, temperature: 0, logprobs: true, max_tokens: 200, top_logprobs: 20 };
    const { message, param } = await refusalOf(server, '/v1/chat/completions', body);
    assert.equal(param, 'top_logprobs');
    assert.match(message, /received a request for 537600: up to 25600 tokens in 128 texts, 21 for each$/);
    await isTaken(server, '/v1/chat/completions', { ...body, max_tokens: 4 });
    await isTaken(server, '/v1/chat/completions', { ...body, stream: true });
  });

  test('/glossa/generate: sequences times new tokens', async () => {
    const body = { prompt: 'A', do_sample: true, num_return_sequences: 128, logprobs: 20 };
    const { message } = await refusalOf(testServer({ engine }), '/glossa/generate', {
      ...body,
      max_new_tokens: 200,
    });
    assert.match(message, /^logprobs: .* 537600: up to 25600 tokens in 128 texts/);
    await isTaken(testServer({ engine }), '/glossa/generate', { ...body, max_new_tokens: 2 });
  });
});
