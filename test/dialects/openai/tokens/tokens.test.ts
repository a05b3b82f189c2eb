import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, test, type TestContext } from 'node:test';

import type { FlagValues } from '../../../../src/config/sources.js';
import { openAiDialect } from '../../../../src/dialects/openai/index.js';
import { detokenizeRoute, tokenizeRoute } from '../../../../src/dialects/openai/tokens/index.js';
import { packageRoot } from '../../../../src/engine/addon.js';
import type { Engine } from '../../../../src/engine/engine.js';
import { EngineProcess } from '../../../../src/engine/engine-process.js';
import { ModelRegistry } from '../../../../src/models/registry.js';
import { ApiKeys } from '../../../../src/server/api-keys.js';
import { createApp } from '../../../../src/server/app.js';
import type { Dialect, DialectServices } from '../../../../src/server/dialect.js';
import { eventually } from '../../../engine/conformance.js';
import { shippedEngineOptions, shippedModel } from '../../../engine/shipped-model.js';
import { FakeEngine } from '../../../fakes/engine.js';
import { silent, testConfiguration } from '../../../fakes/server.js';
import { FakeTasks } from '../../../fakes/tasks.js';

const llama = path.join(packageRoot(), 'models', 'glossa-sprout-alpaca', 'glossa-sprout-alpaca-q8_0.gguf');

type Post = (path: string, body: unknown, init?: RequestInit) => Promise<Response>;

/** The two routes alone, in the dialect's own shape. */
function dialectOf(services: DialectServices): Dialect {
  return {
    ...openAiDialect(services),
    mount: (app) => {
      app.post('/tokenize', (context) => tokenizeRoute(context, services));
      app.post('/detokenize', (context) => detokenizeRoute(context, services));
    },
  };
}

function server(engine: Engine, flags: FlagValues = {}): Post {
  const configuration = testConfiguration(flags);
  const { catalogue, settings } = configuration;
  const startEngine = (): Promise<Engine> => Promise.resolve(engine);
  const models = new ModelRegistry({ catalogue, startEngine, memoryBudget: 0, log: silent });
  const keys = new ApiKeys(configuration.apiKeys);
  const dialects = [dialectOf({ models, settings, keys, tasks: new FakeTasks(), log: silent })];
  const app = createApp({ configuration, models, keys, dialects, listener: 'common', log: silent });
  return async (route, body, init = {}) =>
    await app.request(route, {
      method: 'POST',
      body: typeof body === 'string' ? body : JSON.stringify(body),
      ...init,
    });
}

async function started(t: TestContext, modelPath: string): Promise<{ engine: EngineProcess; post: Post }> {
  const engine = await EngineProcess.start(shippedEngineOptions({ modelPath, parallelSequences: 1 }));
  t.after(() => engine.close());
  return { engine, post: server(engine) };
}

interface Answer {
  readonly count: number;
  readonly max_model_len: number;
  readonly tokens: readonly number[];
  readonly token_strs?: readonly string[];
  readonly prompt: string;
  readonly content: string;
}

async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return JSON.parse(text) as Answer;
}

async function assertRefused(
  response: Response,
  { status = 400, message, param }: { status?: number; message: string; param: string | null },
): Promise<void> {
  const { error } = (await response.json()) as { error: Record<string, unknown> };
  assert.deepEqual([response.status, error['message'], error['param']], [status, message, param]);
  assert.deepEqual(Object.keys(error), ['message', 'type', 'param', 'code']);
}

describe('POST /tokenize', () => {
  test('gives ids, their count and the size of the context', async () => {
    const engine = new FakeEngine();
    const post = server(engine);
    const answer = await answerOf(await post('/tokenize', { prompt: 'The little dog' }));
    assert.deepEqual(answer, {
      count: 3,
      max_model_len: engine.info.contextSize,
      tokens: engine.words.encode('The little dog'),
    });
  });

  test("knows llama.cpp's name of the text", async () => {
    const post = server(new FakeEngine());
    const { tokens } = await answerOf(await post('/tokenize', { prompt: 'The dog', content: null }));
    assert.deepEqual((await answerOf(await post('/tokenize', { content: 'The dog' }))).tokens, tokens);
  });

  test('adds BOS unless it is told not to', async (t) => {
    const { engine, post } = await started(t, llama);
    const plain = await engine.tokenize('The dog');
    const whole = await answerOf(await post('/tokenize', { prompt: 'The dog' }));
    assert.deepEqual(whole.tokens, [engine.info.startTokenId, ...plain]);
    const bare = await answerOf(await post('/tokenize', { prompt: 'The dog', add_special_tokens: false }));
    assert.deepEqual(bare.tokens, plain);
    assert.equal(bare.count, plain.length);
    const same = await answerOf(await post('/tokenize', { content: 'The dog', add_special: false }));
    assert.deepEqual(same.tokens, plain);
  });

  test('takes names of special tokens for them unless it is told not to', async (t) => {
    const { engine, post } = await started(t, shippedModel);
    const [eos] = engine.info.eosTokenIds;
    const body = { prompt: '<|endoftext|>' };
    assert.deepEqual((await answerOf(await post('/tokenize', body))).tokens, [eos]);
    const { tokens } = await answerOf(await post('/tokenize', { ...body, parse_special: false }));
    assert.ok(tokens.length > 1 && !tokens.includes(eos ?? -1));
  });

  test('tells what each token is in a text where asked for', async (t) => {
    const { post } = await started(t, shippedModel);
    const body = { prompt: 'The little dog<|endoftext|>', parse_special: true };
    assert.equal((await answerOf(await post('/tokenize', body))).token_strs, undefined);
    const { tokens, token_strs } = await answerOf(
      await post('/tokenize', { ...body, return_token_strs: true }),
    );
    assert.equal(token_strs?.length, tokens.length);
    assert.equal(token_strs.join(''), 'The little dog<|endoftext|>');
    const dog = await answerOf(await post('/tokenize', { prompt: '🐕', return_token_strs: true }));
    assert.ok(dog.tokens.length > 1, 'tokens hold parts of the character');
    const parts = dog.token_strs?.map((text) => text.replace(/^bytes:/, '').replaceAll('\\x', '')) ?? [];
    assert.equal(Buffer.from(parts.join(''), 'hex').toString(), '🐕');
  });

  test('wants one text', async () => {
    const post = server(new FakeEngine());
    const refusals: readonly (readonly [object, string, string])[] = [
      [{}, 'prompt: expected either prompt or content, received neither', 'prompt'],
      [{ prompt: 'a', content: 'a' }, 'prompt: expected either prompt or content, received both', 'prompt'],
      [{ prompt: ['a'] }, 'prompt: expected text, received array', 'prompt'],
      [{ prompt: 'a\0' }, 'prompt: expected text without NUL characters, received one', 'prompt'],
      [{ prompt: 'a', with_pieces: true }, 'unknown field with_pieces', 'with_pieces'],
      [
        { prompt: 'a', add_special: true, add_special_tokens: false },
        'add_special_tokens: expected either add_special_tokens or add_special, received both',
        'add_special_tokens',
      ],
      [{ prompt: 'a', model: 'b' }, 'no model is called b', 'model'],
    ];
    for (const [body, message, param] of refusals) {
      const status = message.startsWith('no model') ? 404 : 400;
      await assertRefused(await post('/tokenize', body), { status, message, param });
    }
  });
});

describe('POST /detokenize', () => {
  for (const [name, modelPath] of Object.entries({ gpt2: shippedModel, llama })) {
    test(`gives back what was tokenized: ${name}`, async (t) => {
      const { post } = await started(t, modelPath);
      const text = 'The little dog 犬🐕 said: „да“.\n\n  Then\tit slept.';
      const { tokens } = await answerOf(await post('/tokenize', { prompt: text }));
      const { prompt, content } = await answerOf(await post('/detokenize', { tokens }));
      // SentencePiece puts a space before a text.
      assert.equal(prompt.trimStart(), text);
      assert.equal(content, prompt);
      assert.equal((await answerOf(await post('/detokenize', { tokens: [] }))).prompt, '');
    });
  }

  test('refuses ids that are none', async (t) => {
    const { engine, post } = await started(t, shippedModel);
    const { vocabularySize } = engine.info;
    const refusals: readonly (readonly [unknown, string])[] = [
      [[1, vocabularySize], `expected token ids below ${vocabularySize}, received ${vocabularySize}`],
      [[1, -1], 'expected token ids from 0 to 2147483647, received -1'],
      [[1.5], 'expected token ids from 0 to 2147483647, received 1.5'],
      [
        Array.from({ length: 1_000_000 }, () => 'a'),
        'expected token ids from 0 to 2147483647, received string',
      ],
      ['1', 'expected an array of at most 4194304 token ids, received string'],
      [undefined, 'expected an array of at most 4194304 token ids, received nothing'],
    ];
    for (const [tokens, message] of refusals)
      await assertRefused(await post('/detokenize', { tokens }), {
        message: `tokens: ${message}`,
        param: 'tokens',
      });
  });

  test('refuses ids of more text than an answer holds', async () => {
    const engine = new FakeEngine();
    const tokens = new Array<number>(2 ** 16).fill(engine.words.idOf('犬'.repeat(342)));
    const most = 64 * 2 ** 20;
    await assertRefused(await server(engine)('/detokenize', { tokens }), {
      message: `tokens: expected ids of at most ${most} bytes of text`,
      param: 'tokens',
    });
    const { prompt } = await answerOf(await server(engine)('/detokenize', { tokens: tokens.slice(0, 8) }));
    assert.equal(prompt.length, 342 * 8);
  });
});

describe('both routes', () => {
  const bodies = { '/tokenize': { prompt: 'The dog' }, '/detokenize': { tokens: [0] } };
  for (const [route, body] of Object.entries(bodies)) {
    test(`want a key where there are keys: ${route}`, async () => {
      const post = server(new FakeEngine(), { apiKeys: ['secret'] });
      assert.equal((await post(route, body)).status, 401);
      const headers = { authorization: 'Bearer secret' };
      assert.equal((await post(route, body, { headers })).status, 200);
    });

    test(`name in a header what has no effect: ${route}`, async () => {
      const response = await server(new FakeEngine())(route, { ...body, user: 'me' });
      assert.equal(response.headers.get('x-glossa-ignored-parameters'), 'user');
      assert.equal(response.status, 200);
    });

    test(`end with a client that leaves: ${route}`, async () => {
      const response = await server(new FakeEngine())(route, body, { signal: AbortSignal.abort() });
      assert.equal(response.status, 499);
    });

    test(`are refused while too much waits, and let go of their model: ${route}`, async (t) => {
      const engine = await EngineProcess.start(
        shippedEngineOptions({ parallelSequences: 1, queueTokens: 1 }),
      );
      t.after(() => engine.close());
      const post = server(engine);
      await engine.vocabulary();
      const waiting = engine.tokenize('The dog '.repeat(50_000));
      const { error } = (await (await post(route, body)).json()) as { error: Record<string, unknown> };
      assert.deepEqual([error['type'], error['code']], ['rate_limit_error', 'rate_limit_exceeded']);
      await waiting;
      await eventually(async () => (await post(route, body)).status === 200);
    });
  }
});
