import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

import { ServedGlossa } from './server.js';

const LLAMA = fileURLToPath(
  new URL('../../../models/glossa-sprout-alpaca/glossa-sprout-alpaca-q8_0.gguf', import.meta.url),
);
const TALES = fileURLToPath(new URL('../../../models/glossa-tales/glossa-tales-q8_0.gguf', import.meta.url));
const VOCABULARY = new URL('../../../models/glossa-tales/vocab.json', import.meta.url);

let glossa: ServedGlossa;
before(async () => {
  glossa = await ServedGlossa.start();
});
after(() => glossa.stop());

/** Settings of glossa-tales with which it says one of two characters after the other, byte by byte. */
function charactersOnly(): object {
  const ids = JSON.parse(readFileSync(VOCABULARY, 'utf8')) as Record<string, number>;
  // The vocabulary's letters for bytes: a smiling face, and the first character of Tokyo.
  const characters = ['\u00F0\u0141\u013A\u0122', '\u00E6\u013F\u00B1'].map((letters) =>
    Array.from(letters, (letter) => ids[letter]),
  );
  const sequenceBias = characters.flatMap((bytes) =>
    bytes.map((_, index) => [bytes.slice(0, index + 1), index === 0 ? 100 : 400]),
  );
  return { sequenceBias, eosTokenId: [] };
}

interface Item {
  readonly prompt?: string;
  readonly response: string;
}

async function one(body: object, server = glossa): Promise<string> {
  const response = await server.post('/api/generate-one', { prompt: 'The little dog', ...body });
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return text;
}

async function batch(ids: readonly string[], generation_config: object, server = glossa): Promise<string[]> {
  const texts = ['The little dog', 'One day an old woman', 'Far away'];
  const prompts = ids.map((request_id, index) => ({ request_id, prompt: texts[index] ?? '' }));
  const response = await server.post('/api/generate-batch', { prompts, generation_config });
  return ((await response.json()) as Item[]).map((item) => item.response);
}

/** Total figures of a model since its start. */
async function figures(
  server: ServedGlossa,
): Promise<{ prompt_tokens: number; cached_prompt_tokens: number }> {
  const { models } = (await (await server.get('/glossa/stats')).json()) as {
    models: Record<string, { prompt_tokens: number; cached_prompt_tokens: number }>;
  };
  const [stats] = Object.values(models);
  assert.ok(stats !== undefined);
  return stats;
}

async function served(
  t: TestContext,
  options: Parameters<typeof ServedGlossa.start>[0],
): Promise<ServedGlossa> {
  const server = await ServedGlossa.start(options);
  t.after(() => server.stop());
  return server;
}

describe('20 tokens and 20 more are 40 in one go', () => {
  const configs: Record<string, object> = {
    greedy: { do_sample: false },
    seeded: { seed: 11, top_k: 0 },
    'seeded, with a penalty': { seed: 12, repetition_penalty: 1.3 },
  };
  for (const [name, config] of Object.entries(configs)) {
    test(`${name}: one`, async () => {
      const whole = await one({
        request_id: `${name} 40`,
        generation_config: { ...config, max_new_tokens: 40 },
      });
      const body = { request_id: `${name} 20`, generation_config: { ...config, max_new_tokens: 20 } };
      const first = await one(body);
      assert.ok(whole.startsWith(first) && first.length < whole.length);
      assert.equal(first + (await one({ ...body, stream_response: false })), whole);
    });

    test(`${name}: a batch`, async () => {
      const ids = (part: string): string[] => [1, 2, 3].map((index) => `${name} ${part} ${index}`);
      const whole = await batch(ids('40'), { ...config, max_new_tokens: 40 });
      const first = await batch(ids('20'), { ...config, max_new_tokens: 20 });
      const second = await batch(ids('20'), { ...config, max_new_tokens: 20 });
      assert.deepEqual(
        first.map((text, index) => text + (second[index] ?? '')),
        whole,
      );
    });
  }
});

describe('what continues costs no second evaluation', () => {
  test('as long as the KV cache has it; servers that are started anew repeat themselves', async (t) => {
    const server = await served(t, {});
    const body = { request_id: 'a', generation_config: { do_sample: false, max_new_tokens: 20 } };
    const first = await one(body, server);
    const before = await figures(server);
    const second = await one(body, server);
    const now = await figures(server);
    assert.ok(now.cached_prompt_tokens - before.cached_prompt_tokens >= 15);
    // Dropped, it is computed again, and the text is the same.
    const without = await served(t, { args: ['--cache-ram', '0'] });
    assert.deepEqual([await one(body, without), await one(body, without)], [first, second]);
    assert.equal((await figures(without)).cached_prompt_tokens, 0);
    assert.ok((await figures(without)).prompt_tokens > now.prompt_tokens - 5);

    // Both are started anew: their requests without a seed draw the same, and each differently from the one before.
    const sampled = async (from: ServedGlossa): Promise<string[]> => [
      await one({ request_id: 'b', generation_config: { max_new_tokens: 20 } }, from),
      await one({ request_id: 'c', generation_config: { max_new_tokens: 20 } }, from),
    ];
    const texts = await sampled(server);
    assert.deepEqual(await sampled(without), texts);
    assert.notEqual(texts[0], texts[1]);
  });
});

describe('characters of several tokens', () => {
  let server: ServedGlossa;
  before(async () => {
    const config = {
      models: { emoji: { path: TALES, generation: charactersOnly() } },
      defaultModel: 'emoji',
    };
    server = await ServedGlossa.start({ config });
  });
  after(() => server.stop());

  test('are never split over two chunks', async () => {
    const body = { request_id: 'chunks', prompt: 'A', generation_config: { seed: 3, max_new_tokens: 120 } };
    const response = await server.post('/api/generate-one', body);
    const reader = (response.body ?? new Blob([]).stream()).getReader();
    let text = '';
    let chunks = 0;
    for (;;) {
      const { done, value } = (await reader.read()) as { done: boolean; value?: Uint8Array };
      if (done) break;
      const chunk = new TextDecoder('utf-8', { fatal: true }).decode(value);
      assert.ok(chunk.isWellFormed());
      text += chunk;
      chunks += 1;
    }
    assert.ok(chunks > 3);
    assert.match(text, /^(?=.*\u{1F600})(?=.*東)[\u{1F600}東]{25,}$/u);
  });

  test('are whole in the parts of a text, wherever it is cut', async () => {
    const config = { seed: 5, max_new_tokens: 24 };
    const whole = await one({ request_id: 'whole', prompt: 'A', generation_config: config }, server);
    for (const max_new_tokens of [1, 3, 8]) {
      let text = '';
      for (let count = 0; count < 24; count += max_new_tokens) {
        const body = {
          request_id: `by ${max_new_tokens}`,
          prompt: 'A',
          generation_config: { ...config, max_new_tokens },
        };
        text += await one(body, server);
      }
      assert.equal(text, whole);
    }
  });
});

describe('a LLaMA', () => {
  test('shows its prompt with <s>, and continues what it shows', async (t) => {
    const server = await served(t, { args: ['--model', LLAMA] });
    const prompt = '[INST] Generate a short poem about 1000 dogs [/INST]\n\n';
    const body = {
      prompt,
      only_new_tokens: false,
      generation_config: { do_sample: false, max_new_tokens: 8 },
    };
    const first = await one({ request_id: 'a', ...body }, server);
    assert.ok(first.startsWith(`<s> ${prompt}`), first);
    const second = await one({ request_id: 'a', ...body }, server);
    if (!first.endsWith('</s>')) assert.ok(second.startsWith(first) && second.length > first.length);
    const prompts = [{ request_id: 'b', prompt }];
    const items = (await (await server.post('/api/generate-batch', { ...body, prompts })).json()) as Item[];
    assert.equal(items[0]?.prompt, `<s> ${prompt}`);
  });
});
