import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

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
