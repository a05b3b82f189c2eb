import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';

import OpenAI from 'openai';

import { OPENAI_MODELS } from './openai-models.js';
import { Tap } from './openai-tap.js';
import { freePort, until } from './processes.js';
import { ServedGlossa } from './server.js';

const model = 'glossa-tales';
const messages = [{ role: 'user', content: 'Name a colour.' }] satisfies OpenAI.ChatCompletionMessageParam[];

let glossa: ServedGlossa;
let tap: Tap;

before(async () => {
  const apiKeys = [
    { key: 'k-free' },
    { key: 'k-one-at-a-time', concurrentRequests: 1 },
    { key: 'k-few', requestsPerMinute: 1 },
    { key: 'k-tales', models: ['glossa-tales'] },
  ];
  const config = { models: OPENAI_MODELS, defaultModel: model, apiKeys };
  glossa = await ServedGlossa.start({ config, apiKey: 'k-free' });
});
after(() => glossa.stop());
afterEach(() => {
  tap.check();
});

function clientOf(apiKey: string, options: ConstructorParameters<typeof OpenAI>[0] = {}): OpenAI {
  tap = new Tap();
  return new OpenAI({ baseURL: `${glossa.url}/v1`, apiKey, fetch: tap.fetch, ...options });
}

/** The error that a call raises, which is of the class that the SDK has for it. */
async function raised<Kind extends Error>(
  kind: abstract new (...given: never[]) => Kind,
  call: Promise<unknown>,
): Promise<Kind> {
  try {
    await call;
  } catch (error) {
    if (error instanceof kind) return error;
    throw error;
  }
  return assert.fail(`no ${kind.name} was raised`);
}

describe('openai raises', () => {
  test('BadRequestError with the parameter, asking once', async () => {
    const client = clientOf('k-free');
    const hot = { model, prompt: 'x', temperature: 3 };
    const error = await raised(OpenAI.BadRequestError, client.completions.create(hot));
    assert.deepEqual([error.status, error.param, error.code], [400, 'temperature', null]);
    assert.equal(error.type, 'invalid_request_error');
    assert.match(error.message, /temperature/);
    assert.ok(error.requestID);
    const unknown = { model, messages, max_token: 5 };
    const other = await raised(OpenAI.BadRequestError, client.chat.completions.create(unknown));
    assert.equal(other.param, 'max_token');
    await raised(OpenAI.BadRequestError, client.embeddings.create({ model, input: '' }));
    assert.equal(tap.exchanges.length, 3);
  });

  test('BadRequestError for streams too, before their first chunk', async () => {
    const client = clientOf('k-free');
    const body = { model: 'sprout', messages, stream: true, top_logprobs: 2 } as const;
    const error = await raised(OpenAI.BadRequestError, client.chat.completions.create(body));
    assert.equal(error.param, 'top_logprobs');
  });

  test('BadRequestError with context_length_exceeded and the counts', async () => {
    const client = clientOf('k-free');
    const prompt = 'dog '.repeat(9000);
    const error = await raised(OpenAI.BadRequestError, client.completions.create({ model, prompt }));
    assert.deepEqual([error.code, error.param], ['context_length_exceeded', 'prompt']);
    assert.match(error.message, /maximum context length is \d+ tokens/);
    const long = [{ role: 'user' as const, content: prompt }];
    const chat = client.chat.completions.create({ model: 'sprout', messages: long });
    const other = await raised(OpenAI.BadRequestError, chat);
    assert.deepEqual([other.code, other.param], ['context_length_exceeded', 'messages']);
  });

  test('AuthenticationError', async () => {
    const error = await raised(OpenAI.AuthenticationError, clientOf('wrong').models.list());
    assert.deepEqual([error.status, error.code], [401, 'invalid_api_key']);
    assert.equal(tap.exchanges.length, 1);
  });

  test('NotFoundError for a model that is not there, or not for this key', async () => {
    const missing = clientOf('k-free').completions.create({ model: 'no-such', prompt: 'x' });
    const error = await raised(OpenAI.NotFoundError, missing);
    assert.deepEqual([error.status, error.code, error.param], [404, 'model_not_found', 'model']);
    const client = clientOf('k-tales');
    await raised(OpenAI.NotFoundError, client.models.retrieve('sprout'));
    const hidden = client.chat.completions.create({ model: 'sprout', messages });
    assert.equal((await raised(OpenAI.NotFoundError, hidden)).code, 'model_not_found');
    await raised(OpenAI.NotFoundError, client.get('/no-such-route'));
  });

  test('RateLimitError with retry-after', async () => {
    const client = clientOf('k-few', { maxRetries: 0 });
    await client.models.list();
    const error = await raised(OpenAI.RateLimitError, client.models.list());
    assert.deepEqual(
      [error.status, error.code, error.type],
      [429, 'rate_limit_exceeded', 'rate_limit_error'],
    );
    const seconds = Number(error.headers.get('retry-after'));
    assert.ok(seconds >= 1 && seconds <= 60, String(seconds));
  });

  test('nothing where its retries, after what the server told it to wait, get through', async () => {
    const client = clientOf('k-one-at-a-time', { maxRetries: 5 });
    const running = new AbortController();
    const long = { model, prompt: 'x', max_tokens: 480, n: 128, stream: true, ignore_eos: true } as const;
    const stream = await client.completions.create(long, { signal: running.signal });
    const reading = (async () => {
      for await (const { object } of stream) assert.equal(object, 'text_completion');
    })();
    const begin = performance.now();
    const answer = client.completions.create({ model, prompt: 'x', max_tokens: 2 });
    await until('the SDK was refused', () => tap.exchanges.some(({ status }) => status === 429));
    running.abort();
    await reading;
    assert.equal((await answer).choices.length, 1);
    const refused = tap.exchanges.filter(({ status }) => status === 429);
    // Its own pauses begin at half a second; the server said one.
    assert.ok(performance.now() - begin >= 990 * refused.length);
  });

  test('APIConnectionTimeoutError, and what it asked for is given up', async () => {
    const client = clientOf('k-free', { maxRetries: 0, timeout: 150 });
    const long = { model, prompt: 'x', max_tokens: 480, n: 128, ignore_eos: true };
    await raised(OpenAI.APIConnectionTimeoutError, client.completions.create(long));
    const { generated_tokens: generated } = await glossa.idle();
    assert.ok(generated < (480 * 128) / 2, String(generated));
  });

  test('APIUserAbortError', async () => {
    const call = clientOf('k-free').completions.create(
      { model, prompt: 'x' },
      { signal: AbortSignal.abort() },
    );
    await raised(OpenAI.APIUserAbortError, call);
  });

  test('APIConnectionError where nobody listens', async () => {
    const baseURL = `http://127.0.0.1:${await freePort()}/v1`;
    await raised(OpenAI.APIConnectionError, clientOf('k-free', { baseURL, maxRetries: 0 }).models.list());
  });
});
