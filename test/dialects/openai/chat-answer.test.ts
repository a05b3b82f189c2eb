import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { chatServer, QUESTION } from './chat-server.js';

const SCRIPT = [' barks', ' at', ' the', ' moon', '<eos>'];

describe('an answer', () => {
  test('is a message of the assistant, with all the keys that clients look for', async () => {
    const server = chatServer({ script: () => SCRIPT });
    const { id, created, system_fingerprint: fingerprint, ...rest } = await server.answer(QUESTION);
    assert.match(id, /^chatcmpl-[0-9a-f]{32}$/);
    assert.ok(Math.abs(created - Date.now() / 1000) < 60);
    assert.match(fingerprint, /^fp_[0-9a-f]{12}$/);
    const message = { role: 'assistant', content: ' barks at the moon', refusal: null, annotations: [] };
    assert.deepEqual(rest, {
      model: 'package.json',
      object: 'chat.completion',
      choices: [{ index: 0, message, logprobs: null, finish_reason: 'stop' }],
      usage: {
        prompt_tokens: 3,
        completion_tokens: 5,
        total_tokens: 8,
        prompt_tokens_details: { cached_tokens: 0 },
      },
    });
  });

  test('has another id each time, and the same fingerprint', async () => {
    const server = chatServer({ script: () => SCRIPT });
    const [first, second] = [await server.answer(QUESTION), await server.answer(QUESTION)];
    assert.notEqual(first.id, second.id);
    assert.equal(first.system_fingerprint, second.system_fingerprint);
  });

  test('says why it ends', async () => {
    const server = chatServer({ script: () => SCRIPT });
    const reasonOf = async (body: object): Promise<string | undefined> =>
      (await server.answer({ ...QUESTION, ...body })).choices[0]?.finish_reason;
    assert.equal(await reasonOf({}), 'stop');
    assert.equal(await reasonOf({ max_tokens: 2 }), 'length');
  });

  test('n gives so many choices, of which every token counts', async () => {
    const server = chatServer({ script: (index) => [` w${index}`, '<eos>'] });
    const { choices, usage } = await server.answer({ ...QUESTION, n: 3 });
    assert.deepEqual(
      choices.map(({ index, message }) => [index, message.content]),
      [
        [0, ' w0'],
        [1, ' w1'],
        [2, ' w2'],
      ],
    );
    assert.equal(usage.completion_tokens, 6);
    assert.equal(usage.prompt_tokens, 3);
  });

  test('without n there is one choice', async () => {
    assert.equal((await chatServer().answer({ ...QUESTION, max_tokens: 1 })).choices.length, 1);
  });

  test('the likeliest text n times over is generated once and counted once', async () => {
    const server = chatServer({ script: () => SCRIPT });
    const { choices, usage } = await server.answer({ ...QUESTION, n: 3, temperature: 0 });
    assert.deepEqual(
      choices.map(({ index, message }) => [index, message.content]),
      [0, 1, 2].map((index) => [index, ' barks at the moon']),
    );
    assert.equal(usage.completion_tokens, 5);
    assert.equal(server.engine.requests.at(-1)?.numReturnSequences, 1);
  });

  test('of a search counts the tokens of all beams, and tells apart those in no choice', async () => {
    const server = chatServer({ script: () => SCRIPT });
    const { choices, usage } = await server.answer({ ...QUESTION, num_beams: 4, n: 2, max_tokens: 3 });
    assert.equal(choices.length, 2);
    assert.equal(usage.completion_tokens, 4 * 3);
    assert.deepEqual(usage.completion_tokens_details, { discarded_tokens: 2 * 3 });
  });

  test('that the server cuts off does not pass for a whole one', async () => {
    const server = chatServer({ script: () => [' w'], tokenDelayMs: 2, info: { contextSize: 100_000 } });
    const asked = server.refusal(QUESTION);
    while ((await server.engine.stats()).generatedTokens === 0) await new Promise(setImmediate);
    await server.engine.close();
    const { status, code } = await asked;
    assert.deepEqual([status, code], [503, 'closed']);
  });

  test('an empty text is a text, and not null', async () => {
    const { choices } = await chatServer({ script: () => ['<eos>'] }).answer(QUESTION);
    assert.equal(choices[0]?.message.content, '');
  });

  test('nothing but known names are in the header of what has no effect', async () => {
    const server = chatServer({ script: () => SCRIPT });
    assert.equal(await server.ignoredIn(QUESTION), null);
    const fields = { user: 'me', metadata: { a: 'b' }, temperature: 0, top_p: 0.5, seed: 1 };
    assert.equal(await server.ignoredIn({ ...QUESTION, ...fields }), 'user, metadata, top_p, seed');
    assert.equal(await server.ignoredIn({ ...QUESTION, user: null, temperature: 0, top_p: 1 }), null);
    const body = { ...QUESTION, parallel_tool_calls: true, stream: true, user: 'me' };
    assert.equal(await server.ignoredIn(body), 'user, parallel_tool_calls');
  });
});

describe('log-probabilities of an answer', () => {
  test('are those of its tokens, without what only ends it', async () => {
    const server = chatServer({ script: () => [' naïve', '<eos>'] });
    const { choices } = await server.answer({ ...QUESTION, logprobs: true, top_logprobs: 2 });
    const bytes = [...Buffer.from(' naïve')];
    const [first, ...others] = choices[0]?.logprobs?.content ?? [];
    assert.deepEqual(others, []);
    assert.deepEqual(first, {
      token: ' naïve',
      logprob: -0.25,
      bytes,
      top_logprobs: [
        { token: ' naïve', logprob: -0.25, bytes },
        // A token that stands for no text has a name instead.
        { token: '<eos>', logprob: -1.25, bytes: null },
      ],
    });
    assert.equal(choices[0]?.logprobs?.refusal, null);
  });

  test('come without alternatives unless some are asked for', async () => {
    const server = chatServer({ script: () => [' a', '<eos>'] });
    const { choices } = await server.answer({ ...QUESTION, logprobs: true });
    assert.deepEqual(choices[0]?.logprobs?.content[0]?.top_logprobs, []);
    assert.equal(server.engine.requests.at(-1)?.logprobs, 0);
  });

  test('are null unless they are asked for, and nothing is computed', async () => {
    for (const body of [{}, { logprobs: false }, { logprobs: null, top_logprobs: 0 }]) {
      const server = chatServer({ script: () => [' a', '<eos>'] });
      const { choices } = await server.answer({ ...QUESTION, ...body });
      assert.equal(choices[0]?.logprobs, null);
      assert.equal(server.engine.requests.at(-1)?.logprobs, undefined);
    }
  });

  test('of an answer without tokens are an empty list', async () => {
    const { choices } = await chatServer({ script: () => ['<eos>'] }).answer({ ...QUESTION, logprobs: true });
    assert.deepEqual(choices[0]?.logprobs, { content: [], refusal: null });
  });
});
