import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { generateBodySchema, parseGenerateBody } from '../../../src/dialects/glossa/schema.js';
import { generationRequestSchema } from '../../../src/generation/request.js';
import { eventually } from '../../engine/conformance.js';
import { SOME_FILE, testServer } from '../../fakes/server.js';
import { framesOf } from './frames.js';

interface ErrorBody {
  error: { code: string; message: string; param: string | null };
}

describe('POST /glossa/generate', () => {
  test('gives all sequences', async () => {
    const body = { prompt: 'The dog', max_new_tokens: 3, do_sample: true, num_return_sequences: 2, seed: 7 };
    const response = await testServer().post('/glossa/generate', body);
    assert.equal(response.status, 200);
    const sequence = {
      text: ' barks at the',
      token_ids: [3, 4, 5],
      logprobs: [-0.5, -0.5, -0.5],
      finish_reason: 'length',
      generated_tokens: 3,
    };
    assert.deepEqual(await response.json(), {
      model: 'package.json',
      sequences: [sequence, sequence],
      prompt_tokens: 2,
      cached_tokens: 0,
      seed: 7,
    });
  });

  test('knows every parameter of a generation in snake case', () => {
    const snake = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    const expected = [...Object.keys(generationRequestSchema.shape).map(snake), 'model', 'stream'];
    assert.deepEqual(Object.keys(generateBodySchema.shape), expected);
  });

  test('passes every parameter on', async () => {
    const server = testServer();
    const parameters = {
      prompt: [1, 2],
      max_new_tokens: 4,
      max_length: 40,
      min_length: 5,
      min_new_tokens: 1,
      do_sample: true,
      num_beams: 2,
      early_stopping: 'never',
      length_penalty: -1,
      sequence_bias: [[[2, 3], 0.5]],
      encoder_repetition_penalty: 1.1,
      repetition_penalty: 1.5,
      presence_penalty: 0.3,
      frequency_penalty: 0.4,
      no_repeat_ngram_size: 2,
      encoder_no_repeat_ngram_size: 3,
      bad_words_ids: [[4]],
      forced_bos_token_id: 5,
      forced_eos_token_id: [6],
      remove_invalid_values: true,
      exponential_decay_length_penalty: [6, 1.5],
      suppress_tokens: [7],
      begin_suppress_tokens: [8],
      temperature: 0.5,
      top_h: 0.8,
      top_k: 9,
      top_p: 0.75,
      min_p: 0.1,
      typical_p: 0.6,
      epsilon_cutoff: 0.01,
      eta_cutoff: 0.02,
      renormalize_logits: true,
      generator: 'torch',
      seed: 9,
      num_return_sequences: 2,
      eos_token_id: [5],
      stop_strings: ['x'],
      stop_strings_span_prompt: false,
      max_time: 10,
      grammar: 'root ::= "a"',
    };
    const given = Object.keys(parameters).toSorted();
    // Beams have no logprobs: logprobs.test.ts.
    const others = ['model', 'stream', 'logprobs', 'prompt_logprobs'];
    const known = Object.keys(generateBodySchema.shape).filter((name) => !others.includes(name));
    assert.deepEqual(given, known.toSorted());
    const response = await server.post('/glossa/generate', parameters);
    assert.equal(response.status, 200, await response.clone().text());
    const camel = Object.entries(parameters).map(([name, value]) => [
      name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
      value,
    ]);
    // A min_new_tokens that is given switches min_length off.
    assert.deepEqual(server.engine().requests[0], { ...Object.fromEntries(camel), minLength: 0 });
  });

  test('fills nothing in that the configuration could say', () => {
    assert.deepEqual(parseGenerateBody({ prompt: 'A', top_k: 5 }).request, { prompt: 'A', topK: 5 });
  });

  test('streams one frame an event', async () => {
    const response = await testServer().post('/glossa/generate', {
      prompt: 'A',
      max_new_tokens: 2,
      stream: true,
    });
    assert.equal(response.status, 200);
    assert.match(response.headers.get('content-type') ?? '', /^text\/event-stream/);
    assert.ok(response.headers.get('x-request-id') !== null);
    const frames = await framesOf(response);
    assert.equal(frames.pop(), '[DONE]');
    assert.deepEqual(
      frames.map((frame) => JSON.parse(frame) as unknown),
      [
        { type: 'prompt', prompt_tokens: 1, cached_tokens: 0 },
        { type: 'token', sequence: 0, token_id: 2, logprob: -0.5, text: ' barks' },
        { type: 'token', sequence: 0, token_id: 3, logprob: -0.5, text: ' at' },
        { type: 'finish', sequence: 0, finish_reason: 'length', text: '', generated_tokens: 2 },
      ],
    );
  });

  test('a failure in mid-stream is the last frame', async () => {
    const server = testServer({ engine: { crashAfterTokens: 2 } });
    const frames = await framesOf(await server.post('/glossa/generate', { prompt: 'A', stream: true }));
    const last = JSON.parse(frames.at(-1) ?? '') as ErrorBody;
    assert.equal(last.error.code, 'ENGINE_CRASHED');
    assert.ok(!frames.includes('[DONE]'));
  });

  test('leaving the stream cancels in the engine and gives the model back', async () => {
    const flags = { model: [SOME_FILE, '../LICENSE'], memoryBudget: '10000' };
    const server = testServer({ flags, engine: { tokenDelayMs: 1, info: { memoryBytes: 9000 } } });
    const response = await server.post('/glossa/generate', {
      prompt: 'A',
      max_new_tokens: 100_000,
      stream: true,
    });
    const reader = response.body?.getReader();
    await reader?.read();
    const first = server.engine();
    assert.equal((await first.stats()).activeSequences, 1);
    await reader?.cancel();
    await eventually(async () => (await first.stats()).activeSequences === 0);
    // Only a released model makes room for another one.
    assert.equal((await server.post('/glossa/generate', { prompt: 'A', model: 'LICENSE' })).status, 200);
  });

  test('a reader who pauses makes the writer pause, and loses nothing', async () => {
    const server = testServer({ engine: { script: () => [' word'.repeat(2000)] } });
    const response = await server.post('/glossa/generate', {
      prompt: 'A',
      max_new_tokens: 100,
      stream: true,
    });
    await new Promise((resolve) => setTimeout(resolve, 100));
    const frames = await framesOf(response);
    assert.equal(frames.length, 1 + 100 + 1 + 1);
  });
});

describe('errors of POST /glossa/generate', () => {
  const cases: readonly [string, unknown, number, Partial<ErrorBody['error']>][] = [
    ['no prompt', {}, 400, { code: 'INVALID_REQUEST', param: 'prompt' }],
    [
      'an unknown field',
      { prompt: 'A', max_tokens: 3 },
      400,
      { message: 'unknown field max_tokens; did you mean max_new_tokens?', param: 'max_tokens' },
    ],
    [
      'camel case',
      { prompt: 'A', maxNewTokens: 3 },
      400,
      { message: 'unknown field maxNewTokens; did you mean max_new_tokens?' },
    ],
    ['__proto__', '{"prompt":"A","__proto__":{}}', 400, { message: 'unknown field __proto__' }],
    [
      'a wrong type',
      { prompt: 'A', top_k: '5' },
      400,
      { message: 'top_k: expected an integer from 0 to 2147483647, received string', param: 'top_k' },
    ],
    [
      'a bad prompt',
      { prompt: true },
      400,
      { message: 'prompt: expected text or an array of token ids, received boolean' },
    ],
    [
      'a bad token id',
      { prompt: [1, 'x'] },
      400,
      { message: 'prompt: expected token ids from 0 to 2147483647, received string' },
    ],
    [
      'NUL in the prompt',
      { prompt: 'a\0' },
      400,
      { message: 'prompt: expected text without NUL characters, received one' },
    ],
    [
      'greedy sequences',
      { prompt: 'A', num_return_sequences: 2 },
      400,
      {
        message:
          'num_return_sequences: expected 1 in greedy decoding, received 2; set do_sample or num_beams',
        param: 'num_return_sequences',
      },
    ],
    ['an unknown model', { prompt: 'A', model: 'gpt9' }, 404, { code: 'MODEL_NOT_FOUND', param: 'model' }],
    ['malformed JSON', '{', 400, { code: 'INVALID_REQUEST', param: null }],
  ];
  for (const [what, body, status, expected] of cases) {
    for (const stream of typeof body === 'string' ? [false] : [false, true]) {
      test(`${what}${stream ? ', streaming,' : ''} is ${status}`, async () => {
        const sent = typeof body === 'string' ? body : { ...(body as object), stream };
        const response = await testServer().post('/glossa/generate', sent);
        assert.equal(response.status, status);
        const { error } = (await response.json()) as ErrorBody;
        for (const [key, value] of Object.entries(expected)) assert.equal(error[key as 'code'], value);
      });
    }
  }

  test('100,000 nested arrays are an error like any other', async () => {
    const deep = '['.repeat(100_000) + ']'.repeat(100_000);
    const response = await testServer().post('/glossa/generate', `{"prompt":${deep}}`);
    assert.equal(response.status, 400);
  });

  test('a refused stream gives the model back', async () => {
    const server = testServer();
    await server.post('/glossa/generate', { prompt: 'A', num_return_sequences: 2, stream: true });
    await server.models.close();
  });
});

describe('GET /glossa/models', () => {
  test('tells states without paths', async () => {
    const server = testServer({ flags: { model: [SOME_FILE, '../LICENSE'] } });
    await server.post('/glossa/generate', { prompt: 'A', model: 'LICENSE' });
    const response = await server.app.request('/glossa/models');
    const text = await response.text();
    assert.ok(!text.includes('/'));
    assert.deepEqual(JSON.parse(text), {
      models: [
        { id: 'package.json', aliases: [], default: true, state: 'unloaded' },
        {
          id: 'LICENSE',
          aliases: [],
          default: false,
          state: 'ready',
          description: 'gpt2 fake',
          size_bytes: 1000,
          memory_bytes: 2000,
          context_size: 256,
          parallel_sequences: 16,
          backend: 'cpu',
        },
      ],
    });
  });

  test('tells bases and adapters, which share a state', async () => {
    const server = testServer({ flags: { lora: ['one:../LICENSE=0.5'] } });
    await server.post('/glossa/generate', { prompt: 'A', model: 'one' });
    const { models } = (await (await server.app.request('/glossa/models')).json()) as {
      models: { id: string; base?: string; lora?: object; state: string }[];
    };
    assert.deepEqual(
      models.map(({ id, base, lora, state }) => ({ id, base, lora, state })),
      [
        { id: 'package.json', base: undefined, lora: undefined, state: 'ready' },
        { id: 'one', base: 'package.json', lora: [{ file: 'LICENSE', scale: 0.5 }], state: 'ready' },
      ],
    );
    const stats = (await (await server.app.request('/glossa/stats')).json()) as { models: object };
    assert.deepEqual(Object.keys(stats.models), ['package.json']);
  });

  test('tells why a model failed', async () => {
    const server = testServer({ flags: { model: ['/nowhere/a.gguf'] } });
    await server.post('/glossa/generate', { prompt: 'A' });
    const { models } = (await (await server.app.request('/glossa/models')).json()) as {
      models: { state: string; error: string }[];
    };
    assert.equal(models[0]?.state, 'failed');
    assert.equal(models[0].error, "model a can't be loaded: its file is missing or can't be read");
  });
});

test('GET /glossa/stats tells figures of loaded models', async () => {
  const server = testServer();
  assert.deepEqual(await (await server.app.request('/glossa/stats')).json(), { models: {} });
  await server.post('/glossa/generate', { prompt: 'A', max_new_tokens: 5 });
  const { models } = (await (await server.app.request('/glossa/stats')).json()) as {
    models: Record<string, Record<string, number>>;
  };
  assert.equal(models['package.json']?.['generated_tokens'], 5);
  assert.equal(models['package.json']['active_sequences'], 0);
});
