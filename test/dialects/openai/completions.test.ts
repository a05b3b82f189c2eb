import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import type { Generation, GenerateOptions } from '../../../src/engine/engine.js';
import { GlossaError } from '../../../src/errors.js';
import type { GenerationEvent } from '../../../src/generation/events.js';
import type { GenerationRequestInput } from '../../../src/generation/request.js';
import { ANYBODY } from '../../../src/models/caller.js';
import { FakeEngine } from '../../fakes/engine.js';
import { testServer } from '../../fakes/server.js';
import { complete, completionIn, COMPLETIONS, configured, errorIn, joined, stream } from './completing.js';

const prompt = 'The dog';
const SIX = ' barks at the moon. Then';

void describe('POST /v1/completions', () => {
  test('continues a text by 16 tokens', async () => {
    const server = testServer();
    const answer = await complete(server, { prompt });
    assert.match(answer.id, /^cmpl-[0-9a-f]{32}$/);
    assert.equal(answer.object, 'text_completion');
    assert.equal(answer.model, 'package.json');
    assert.match(answer.system_fingerprint, /^fp_[0-9a-f]{12}$/);
    assert.ok(Math.abs(answer.created - Date.now() / 1000) < 60);
    assert.deepEqual(answer.choices, [
      {
        index: 0,
        text: ' barks at the moon. Then it sleeps. barks at the moon. Then it',
        logprobs: null,
        finish_reason: 'length',
      },
    ]);
    assert.deepEqual(answer.usage, {
      prompt_tokens: 2,
      completion_tokens: 16,
      total_tokens: 18,
      prompt_tokens_details: { cached_tokens: 0 },
    });
  });

  test('a configured length goes before the 16 tokens', async () => {
    const server = configured({ maxNewTokens: 3 });
    assert.equal((await complete(server, { prompt })).choices[0]?.text, ' barks at the');
  });

  test('prompts are texts, token ids, and arrays of either; none is the empty text', async () => {
    const server = testServer();
    const asked = async (body: object): Promise<unknown[]> => {
      const before = testServer();
      await complete(before, { ...body, max_tokens: 1 });
      return before.engine().requests.map((request) => request.prompt);
    };
    assert.deepEqual(await asked({}), ['']);
    assert.deepEqual(await asked({ prompt: null }), ['']);
    assert.deepEqual(await asked({ prompt: 'A' }), ['A']);
    assert.deepEqual(await asked({ prompt: ['A'] }), ['A']);
    assert.deepEqual(await asked({ prompt: [5, 6] }), [[5, 6]]);
    assert.deepEqual(await asked({ prompt: [[5, 6], [7]] }), [[5, 6], [7]]);
    assert.deepEqual(await asked({ prompt: ['The dog', 'The'] }), [[1, 2], [1]]);
    assert.equal(server.models.list(ANYBODY).length, 1);
  });

  test('choices of several prompts come in the order of prompts', async () => {
    const script = (index: number, { prompt }: { prompt: string | readonly number[] }): string[] => [
      ` ${String(prompt)}/${index}`,
    ];
    const server = testServer({ engine: { script } });
    const answer = await complete(server, { prompt: [[5], [6], [7]], n: 2, max_tokens: 1 });
    assert.deepEqual(
      answer.choices.map(({ text }) => text),
      [' 5/0', ' 5/1', ' 6/0', ' 6/1', ' 7/0', ' 7/1'],
    );
    assert.equal(answer.usage?.prompt_tokens, 3);
    assert.equal(answer.usage.completion_tokens, 6);
    const chunks = await stream(server, { prompt: [[5], [6], [7]], n: 2, max_tokens: 1 });
    assert.deepEqual(
      answer.choices.map(({ index }) => joined(chunks, index)),
      answer.choices,
    );
  });

  test('the likeliest text is generated once, however many choices it is', async () => {
    const server = testServer();
    const body = { prompt, n: 3, temperature: 0, max_tokens: 2 };
    const answer = await complete(server, body);
    assert.deepEqual(
      answer.choices.map(({ text }) => text),
      [' barks at', ' barks at', ' barks at'],
    );
    assert.equal(answer.usage?.completion_tokens, 2);
    assert.equal(server.engine().requests[0]?.numReturnSequences, 1);
    const chunks = await stream(server, body);
    for (const choice of answer.choices) assert.deepEqual(joined(chunks, choice.index), choice);
  });

  test('a stream tells the usage where it is asked for', async () => {
    const server = testServer();
    const plain = await stream(server, { prompt, max_tokens: 6 });
    assert.ok(plain.every((chunk) => !('usage' in chunk) && chunk.choices.length === 1));
    assert.equal(joined(plain, 0).text, SIX);
    assert.equal(plain.length, 7);
    const counted = await stream(server, { prompt, max_tokens: 6, stream_options: { include_usage: true } });
    assert.ok(counted.slice(0, -1).every(({ usage }) => usage === null));
    assert.deepEqual(counted.at(-1)?.choices, []);
    assert.equal(counted.at(-1)?.usage?.total_tokens, 8);
  });

  test('500 prompts wait in their request, and not in the queue that others are refused from', async () => {
    let most = 0;
    const engine = new FakeEngine({ tokenDelayMs: 1, info: { parallelSequences: 4 } });
    const generate = engine.generate.bind(engine);
    engine.generate = (...args): Generation => {
      void engine.stats().then(({ activeRequests }) => (most = Math.max(most, activeRequests)));
      return generate(...args);
    };
    const server = testServer({ makeEngine: () => engine });
    const body = { prompt: Array<string>(500).fill('A'), max_tokens: 1 };
    assert.equal((await complete(server, body)).choices.length, 500);
    assert.equal(most, 4);
    await complete(server, { ...body, n: 2 });
    assert.equal(most, 4);
  });

  test('one prompt that fails ends the others', async () => {
    const engine = new FakeEngine({ tokenDelayMs: 1, info: { contextSize: 1e7 } });
    const generate = engine.generate.bind(engine);
    engine.generate = (input: GenerationRequestInput, options?: GenerateOptions): Generation => {
      if (String(input.prompt) === '9') return failing(generate(input, options));
      return generate(input, options);
    };
    const server = testServer({ makeEngine: () => engine });
    const error = await errorIn(
      await server.post(COMPLETIONS, { prompt: [[5], [9], [6]], max_tokens: 100_000 }),
      500,
    );
    assert.equal(error.code, 'engine_crashed');
    assert.equal(error.type, 'server_error');
    assert.equal((await engine.stats()).activeRequests, 0);
    const response = await server.post(COMPLETIONS, {
      prompt: [[5], [9]],
      max_tokens: 100_000,
      stream: true,
    });
    const last = (await response.text()).trim().split('\n\n').at(-1) ?? '';
    assert.match(last, /^data: \{"error":\{.*"code":"engine_crashed"\}\}$/);
    assert.equal((await engine.stats()).activeRequests, 0);
  });

  test('a text that the server cuts off does not pass for a whole one', async () => {
    const server = testServer({ engine: { tokenDelayMs: 1, info: { contextSize: 1e7 } } });
    const response = server.post(COMPLETIONS, { prompt, max_tokens: 100_000 });
    await until(
      () => server.models.list(ANYBODY)[0]?.state.name === 'ready' && server.engine().requests.length > 0,
    );
    await server.engine().close();
    assert.equal((await errorIn(await response, 503)).code, 'closed');
  });

  test('a client that leaves ends its own texts, and nobody else has', async () => {
    const server = testServer({ engine: { tokenDelayMs: 1, info: { contextSize: 1e7 } } });
    await complete(server, { prompt, max_tokens: 1 });
    const engine = server.engine();
    const leave = new AbortController();
    const body = JSON.stringify({ prompt: [prompt, 'A'], n: 2, max_tokens: 100_000 });
    const left = server.app.request(COMPLETIONS, { method: 'POST', body, signal: leave.signal });
    const stays = server.post(COMPLETIONS, { prompt, max_tokens: 40 });
    await until(() => engine.requests.length === 4);
    leave.abort();
    assert.equal((await left).status, 499);
    const answer = await completionIn(await stays);
    assert.equal(answer.usage?.completion_tokens, 40);
    assert.equal((await engine.stats()).activeRequests, 0);
  });

  test('a client that leaves a stream ends it', async () => {
    const server = testServer({ engine: { tokenDelayMs: 1, info: { contextSize: 1e7 } } });
    const response = await server.post(COMPLETIONS, { prompt: [prompt, 'A'], max_tokens: 1e6, stream: true });
    const reader = response.body?.getReader();
    await reader?.read();
    await reader?.cancel();
    await until(async () => (await server.engine().stats()).activeRequests === 0);
  });
});

/** A generation that fails with its first token. */
function failing(generation: Generation): Generation {
  return {
    request: generation.request,
    cancel: (sequence) => {
      generation.cancel(sequence);
    },
    async *[Symbol.asyncIterator](): AsyncIterator<GenerationEvent> {
      for await (const event of generation) {
        yield event;

        if (event.type === 'token') throw new GlossaError('ENGINE_CRASHED', "the model's process died");
      }
    },
  };
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise(setImmediate);
}
