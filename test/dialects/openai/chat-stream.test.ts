import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { chatServer, contentOf, framesIn, QUESTION, refusalIn, type Chunk } from './chat-server.js';

const SCRIPT = [' barks', ' at', ' the', ' moon', '<eos>'];
const server = chatServer({ script: () => SCRIPT });

function choicesOf(chunks: readonly Chunk[], index = 0): Chunk['choices'][number][] {
  return chunks.flatMap(({ choices }) => choices).filter((choice) => choice.index === index);
}

describe('a streamed answer', () => {
  test('begins with its role, goes on with its text, and ends with its reason', async () => {
    const chunks = await server.chunks(QUESTION);
    const plain = { logprobs: null, finish_reason: null };
    assert.deepEqual(choicesOf(chunks), [
      { index: 0, delta: { role: 'assistant', content: '', refusal: null }, ...plain },
      ...SCRIPT.slice(0, -1).map((content) => ({ index: 0, delta: { content }, ...plain })),
      { index: 0, delta: {}, logprobs: null, finish_reason: 'stop' },
    ]);
    assert.equal(new Set(chunks.map(({ id, created }) => `${id} ${created}`)).size, 1);
  });

  test('tells what it took in a last chunk, if asked', async () => {
    const told = await server.chunks({ ...QUESTION, stream_options: { include_usage: true } });
    const last = told.pop();
    assert.deepEqual(last?.choices, []);
    assert.deepEqual(last.usage, (await server.answer(QUESTION)).usage);
    assert.ok(told.every(({ usage }) => usage === null));
    for (const options of [{}, null, { include_usage: false }, { include_obfuscation: false }]) {
      const chunks = await server.chunks({ ...QUESTION, stream_options: options });
      assert.ok(chunks.every((chunk) => !('usage' in chunk) && chunk.choices.length === 1));
    }
  });

  test('has each of n choices from its role to its reason', async () => {
    const several = chatServer({ script: (index) => [` w${index}`, ...SCRIPT.slice(index)] });
    const chunks = await several.chunks({ ...QUESTION, n: 3, max_tokens: 3 });
    const whole = await several.answer({ ...QUESTION, n: 3, max_tokens: 3 });
    for (const { index, message, finish_reason: reason } of whole.choices) {
      const choices = choicesOf(chunks, index);
      assert.equal(choices[0]?.delta.role, 'assistant');
      assert.equal(contentOf(chunks, index), message.content);
      assert.deepEqual(
        choices.map((choice) => choice.finish_reason).filter((end) => end !== null),
        [reason],
      );
      assert.equal(choices.at(-1)?.finish_reason, reason);
    }
  });

  test('gives the likeliest text to each of n choices', async () => {
    const chunks = await server.chunks({ ...QUESTION, n: 2, temperature: 0 });
    assert.deepEqual(
      [0, 1].map((index) => contentOf(chunks, index)),
      [' barks at the moon', ' barks at the moon'],
    );
  });

  test('has log-probabilities with the text that they belong to', async () => {
    const body = { ...QUESTION, logprobs: true, top_logprobs: 1 };
    const chunks = await server.chunks(body);
    for (const { delta, logprobs } of choicesOf(chunks))
      assert.equal(logprobs?.content.map(({ token }) => token).join('') ?? '', delta.content ?? '');
    const whole = await server.answer(body);
    const streamed = choicesOf(chunks).flatMap(({ logprobs }) => logprobs?.content ?? []);
    assert.deepEqual(streamed, whole.choices[0]?.logprobs?.content);
  });

  test('that is refused has its status', async () => {
    for (const body of [{ messages: [] }, { max_tokens: 1000 }, { num_beams: 2 }, { model: 'none' }]) {
      const response = await server.post({ ...QUESTION, ...body, stream: true });
      assert.equal(response.status, 'model' in body ? 404 : 400);
      assert.match(response.headers.get('content-type') ?? '', /json/);
      await refusalIn(response);
    }
  });

  test('that fails in the middle ends with the error, and without its end', async () => {
    const failing = chatServer({ script: () => SCRIPT, crashAfterTokens: 2 });
    const response = await failing.post({ ...QUESTION, stream: true });
    assert.equal(response.status, 200);
    const frames = framesIn(await response.text());
    assert.deepEqual(JSON.parse(frames.at(-1) ?? ''), {
      error: {
        message: "the model's process died",
        type: 'server_error',
        param: null,
        code: 'engine_crashed',
      },
    });
    assert.ok(!frames.includes('[DONE]'));
  });

  test('that nobody reads any more is no longer generated, and others are', async () => {
    const slow = chatServer({ script: () => [' w'], tokenDelayMs: 2, info: { contextSize: 100_000 } });
    const other = slow.answer({ ...QUESTION, max_tokens: 40 });
    const response = await slow.post({ ...QUESTION, stream: true });
    const reader = response.body?.getReader();
    await reader?.read();
    assert.equal((await slow.engine.stats()).activeRequests, 2);
    await reader?.cancel();
    assert.equal((await other).usage.completion_tokens, 40);
    assert.equal((await slow.engine.stats()).activeRequests, 0);
  });
});
