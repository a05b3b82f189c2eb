import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { TEMPLATE } from '../dialects/openai/chat-server.js';
import { eventually } from '../engine/conformance.js';
import { clients, CLIENTS, limitedServer, outcomes } from './limited-server.js';

describe('64 clients with one key', () => {
  test('take no more tokens a minute than it has', async (t) => {
    const { ask, advance, engine } = await limitedServer(t, { tokensPerMinute: 200 });
    const request = { prompt: 'The dog', max_new_tokens: 20 };
    const one = (await (await ask('free', request)).json()) as { prompt_tokens: number };
    const most = Math.floor(200 / (one.prompt_tokens + 20));
    for (let minute = 0; minute < 2; minute += 1) {
      engine.shut();
      let refused = 0;
      const all = clients(async () => {
        const response = await ask('limited', request);
        if (response.status === 429) refused += 1;
        return response;
      });
      await eventually(() => refused === CLIENTS - most);
      engine.open();
      const bodies = await Promise.all(all.map(async (response) => (await response).clone().json()));
      const used = (bodies as { prompt_tokens?: number; sequences?: { generated_tokens: number }[] }[])
        .map((body) => (body.prompt_tokens ?? 0) + (body.sequences?.[0]?.generated_tokens ?? 0))
        .reduce((sum, count) => sum + count);
      assert.ok(used <= 200 && used === most * (one.prompt_tokens + 20));
      // Nothing is reserved any more, and nothing is left for another one.
      assert.deepEqual(await outcomes([ask('limited', request), ask('free', request)], 60), {
        200: 1,
        429: 1,
      });
      advance(60_000);
    }
  });
});

describe('tokens', () => {
  test('that were asked for and not taken are there again', async (t) => {
    const { ask } = await limitedServer(t, { tokensPerMinute: 100 }, { script: () => [' x', '<eos>'] });
    for (let round = 0; round < 6; round += 1) {
      const response = await ask('limited', { prompt: 'A', max_new_tokens: 80, eos_token_id: [0] });
      assert.equal(response.status, 200, await response.text());
    }
  });

  test('of a request that can never fit are refused for good', async (t) => {
    const { ask, engine } = await limitedServer(t, { tokensPerMinute: 100 });
    for (const body of [
      { prompt: 'A', max_new_tokens: 100 },
      { prompt: 'A', max_new_tokens: 30, do_sample: true, num_return_sequences: 4 },
      { prompt: Array.from({ length: 120 }, () => 1), max_new_tokens: 1 },
    ]) {
      const response = await ask('limited', body);
      assert.equal(response.status, 400);
      assert.match(await response.text(), /can never fit into this API key's 100 tokens a minute/);
      assert.equal(response.headers.get('retry-after'), null);
    }
    assert.equal(engine.requests.length, 0);
    assert.equal((await ask('limited', { prompt: 'A', max_new_tokens: 90 })).status, 200);
  });

  test('are what a chat without a length of its own fits itself into, all its choices together', async (t) => {
    const options = { info: { chatTemplate: TEMPLATE, contextSize: 4096 } };
    const { ask, engine } = await limitedServer(t, { tokensPerMinute: 400 }, options);
    const messages = [{ role: 'user', content: 'The dog' }];
    for (const [path, body, sequences] of [
      ['/v1/chat/completions', { messages }, 1],
      ['/v1/chat/completions', { messages, n: 8 }, 8],
      ['/v1/chat/completions', { messages, num_beams: 3 }, 3],
      ['/v1/responses', { input: 'The dog', store: false }, 1],
    ] as const) {
      const { ask: askAnew, engine: own } = await limitedServer(t, { tokensPerMinute: 400 }, options);
      const response = await askAnew('limited', body, path);
      assert.equal(response.status, 200, await response.text());
      const [request] = own.requests;
      const prompt = request?.prompt.length ?? 0;
      assert.equal(request?.maxNewTokens, Math.floor((400 - prompt) / sequences), path);
    }
    // What was asked for is not made less.
    const response = await ask('limited', { messages, n: 8, max_tokens: 60 }, '/v1/chat/completions');
    assert.equal(response.status, 400);
    assert.match(await response.text(), /8 x 60 new ones can never fit into this API key's 400 tokens/);
    assert.equal(engine.requests.length, 0);
  });

  test('of completions are those of all prompts together, looked at before one begins', async (t) => {
    const { ask, engine } = await limitedServer(t, { tokensPerMinute: 500 });
    const completion = (count: number, length: number): Promise<Response> =>
      ask(
        'limited',
        { prompt: Array.from({ length: count }, () => [1]), max_tokens: length },
        '/v1/completions',
      );
    const response = await completion(20, 100);
    assert.equal(response.status, 400);
    const { error } = (await response.json()) as { error: { message: string; param: string } };
    assert.match(error.message, /2020 tokens that 20 prompts .* this API key's 500 tokens a minute/);
    assert.equal(error.param, 'max_tokens');
    assert.equal(engine.requests.length, 0);
    assert.equal((await completion(20, 24)).status, 200);
  });

  test('of a batch that can never fit are refused for good, and of one that fits later are not', async (t) => {
    const { ask, advance } = await limitedServer(t, { tokensPerMinute: 100 });
    const batch = (count: number): object => ({
      prompts: Array.from({ length: count }, (_, index) => ({ request_id: `r${index}`, prompt: 'A' })),
      generation_config: { max_new_tokens: 30 },
    });
    assert.equal((await ask('limited', batch(4), '/api/generate-batch')).status, 400);
    advance(60_000);
    assert.equal((await ask('limited', { prompt: 'A', max_new_tokens: 40 })).status, 200);
    assert.equal((await ask('limited', batch(3), '/api/generate-batch')).status, 429);
    advance(60_000);
    assert.equal((await ask('limited', batch(3), '/api/generate-batch')).status, 206);
  });
});
