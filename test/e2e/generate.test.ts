import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { until } from './processes.js';
import { ServedGlossa } from './server.js';

let glossa: ServedGlossa;
before(async () => {
  glossa = await ServedGlossa.start();
});
after(() => glossa.stop());

const documentedConfig = {
  num_beams: 1,
  do_sample: true,
  temperature: 1,
  top_p: 1,
  top_k: 50,
  max_new_tokens: 2048,
  repetition_penalty: 1,
  length_penalty: 1,
};

async function one(body: object, server = glossa): Promise<string> {
  const response = await server.post('/api/generate-one', { request_id: crypto.randomUUID(), ...body });
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return text;
}

describe('the examples of the document', () => {
  test('streaming in JavaScript', async () => {
    const url = `${glossa.url}/api/generate-one`;
    const postData = {
      request_id: 'YmFzZTY0',
      prompt: '[INST] Generate a very long poem about 1000 cats [/INST]\n\n',
      only_new_tokens: true,
      stream_response: true,
      generation_config: documentedConfig,
    };
    const response = await fetch(url, {
      method: 'POST',
      body: JSON.stringify(postData), // Convert the JavaScript object to a JSON string
    });
    assert.equal(response.status, 200);
    assert.match(response.headers.get('content-type') ?? '', /^text\/plain/);
    assert.ok(response.body !== null);
    // Access stream reader
    const reader = response.body.getReader();
    const chunks: string[] = [];
    for (;;) {
      const { done, value } = (await reader.read()) as { done: boolean; value?: Uint8Array };
      if (done) break;
      chunks.push(new TextDecoder().decode(value));
    }
    assert.ok(chunks.length > 1);
    const text = chunks.join('');
    assert.ok(text.length > 20 && text.isWellFormed());
    // The length is more than the model has room for: it ends by itself, or where its context does.
    assert.ok(!text.slice(0, -4).includes('</s>'));
  });

  const prompts = [
    { request_id: 'YmFzZTY0', prompt: '[INST] Generate a very long poem about 1000 cats [/INST]\n\n' },
    { request_id: 'rFERfgE', prompt: '[INST] Generate a short poem about 1000 dogs [/INST]\n\n' },
  ];
  const generation_config = { ...documentedConfig, max_new_tokens: 100 };

  test('a batch without new tokens only', async () => {
    const body = { prompts, only_new_tokens: false, generation_config };
    const response = await glossa.post('/api/generate-batch', body);
    assert.ok(response.status === 200 || response.status === 206);
    const items = (await response.json()) as Record<string, string>[];
    assert.deepEqual(
      items.map((item) => [Object.keys(item), item['request_id'], item['prompt']]),
      prompts.map(({ request_id, prompt }) => [['request_id', 'prompt', 'response'], request_id, prompt]),
    );
    assert.equal(
      response.status === 200,
      items.every((item) => item['response']?.endsWith('</s>')),
    );
  });

  test('a batch with new tokens only', async () => {
    const fresh = prompts.map((prompt) => ({ ...prompt, request_id: `${prompt.request_id}-2` }));
    const body = { prompts: fresh, only_new_tokens: true, generation_config };
    const items = (await (await glossa.post('/api/generate-batch', body)).json()) as object[];
    assert.deepEqual(
      items.map((item) => Object.keys(item)),
      [
        ['request_id', 'response'],
        ['request_id', 'response'],
      ],
    );
  });
});

describe('parameters', () => {
  const prompt = 'The little dog';
  const greedy = { do_sample: false, max_new_tokens: 12 };

  test('a seed makes sampling repeatable, and do_sample or temperature 0 need none', async () => {
    const seeded = { prompt, generation_config: { seed: 7, max_new_tokens: 12 } };
    assert.equal(await one(seeded), await one(seeded));
    const likeliest = await one({ prompt, generation_config: greedy });
    assert.equal(await one({ prompt, generation_config: { temperature: 0, max_new_tokens: 12 } }), likeliest);
    for (const narrow of [{ top_k: 1 }, { top_p: 0 }, { temperature: 1e-4 }])
      assert.equal(await one({ prompt, generation_config: { ...narrow, max_new_tokens: 12 } }), likeliest);
  });

  test('num_beams and length_penalty search for another text', async () => {
    const beams = await one({ prompt, generation_config: { ...greedy, num_beams: 4, max_new_tokens: 40 } });
    assert.notEqual(beams, await one({ prompt, generation_config: { ...greedy, max_new_tokens: 40 } }));
    const texts = new Set<string>();
    for (const length_penalty of [-20, 20]) {
      texts.add(await one({ prompt, generation_config: { do_sample: false, num_beams: 4, length_penalty } }));
    }
    assert.equal(texts.size, 2);
  });

  test('repetition_penalty changes what comes again', async () => {
    const long = { do_sample: false, max_new_tokens: 60 };
    const plain = await one({ prompt, generation_config: long });
    assert.notEqual(await one({ prompt, generation_config: { ...long, repetition_penalty: 1.8 } }), plain);
  });

  test('what transformers would refuse is told in a header', async () => {
    const body = { request_id: 'x', prompt, generation_config: { num_beams: 4, top_k: 2 } };
    const response = await glossa.post('/api/generate-one', body);
    assert.equal(response.status, 400);
    assert.equal(await response.text(), 'Invalid Data Format');
    assert.match(
      response.headers.get('x-glossa-error') ?? '',
      /^generation_config\.top_k: .* num_beams of 4/,
    );
  });
});

test('alive and ready', async () => {
  assert.equal(await (await glossa.post('/api/alive', '')).text(), 'alive');
  assert.equal(await (await glossa.post('/api/ready', '')).text(), 'ready');
});

test("a page's preflight and request are answered to its origin", async () => {
  const origin = 'https://example.org';
  const headers = {
    origin,
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'x-anything',
  };
  const preflight = await fetch(`${glossa.url}/api/generate-one`, { method: 'OPTIONS', headers });
  assert.equal(preflight.status, 204);
  assert.equal(preflight.headers.get('access-control-allow-origin'), origin);
  assert.equal(preflight.headers.get('access-control-allow-credentials'), 'true');
  assert.equal(preflight.headers.get('access-control-allow-headers'), 'x-anything');
  const response = await glossa.post('/api/alive', '', { headers: { origin } });
  assert.equal(response.headers.get('access-control-allow-origin'), origin);
  await response.text();
});

describe('clients', () => {
  const long = { prompt: 'Once', generation_config: { max_new_tokens: 900, seed: 1 } };

  test('one that leaves frees its sequence', async () => {
    const leave = new AbortController();
    const body = { request_id: 'leaver', ...long };
    const response = await glossa.post('/api/generate-one', body, { signal: leave.signal });
    await response.body?.getReader().read();
    leave.abort();
    const { generated_tokens } = await glossa.idle();
    await until('it stays idle', async () => {
      const stats = await glossa.stats();
      return stats?.active_sequences === 0 && stats.generated_tokens === generated_tokens;
    });
  });

  test('one that does not read holds nobody up', async () => {
    const slow = await glossa.post('/api/generate-one', { request_id: 'slow', ...long });
    const texts = await Promise.all(
      [1, 2, 3].map((seed) => one({ prompt: 'A', generation_config: { seed, max_new_tokens: 20 } })),
    );
    assert.equal(texts.length, 3);
    assert.ok((await slow.text()).length > 0);
  });
});
