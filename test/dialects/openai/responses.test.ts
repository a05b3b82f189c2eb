import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { INPUT, responsesServer, textOf } from './responses-server.js';

const SCRIPT = [' barks', ' at', ' the', ' moon', '<eos>'];

describe('a response', () => {
  test('has what was said, the counts, and all settings', async () => {
    const server = responsesServer({ script: () => SCRIPT });
    const { id, created_at: created, completed_at: completed, ...rest } = await server.answer(INPUT);
    assert.match(id, /^resp_[0-9a-f]{32}$/);
    assert.ok(Math.abs(created - Date.now() / 1000) < 60);
    assert.ok(completed !== null && completed >= created);
    const [{ id: item, ...message } = { id: '' }, ...others] = rest.output;
    assert.match(item, /^msg_[0-9a-f]{32}$/);
    assert.deepEqual(others, []);
    assert.deepEqual(message, {
      type: 'message',
      status: 'completed',
      role: 'assistant',
      content: [{ type: 'output_text', text: ' barks at the moon', annotations: [], logprobs: [] }],
    });
    assert.deepEqual(
      { ...rest, output: [] },
      {
        object: 'response',
        model: 'package.json',
        status: 'completed',
        output: [],
        error: null,
        incomplete_details: null,
        instructions: null,
        max_output_tokens: null,
        temperature: 1,
        top_p: 1,
        top_logprobs: 0,
        text: { format: { type: 'text' }, verbosity: 'medium' },
        tools: [],
        tool_choice: 'auto',
        parallel_tool_calls: true,
        metadata: {},
        reasoning: { effort: null, summary: null },
        truncation: 'disabled',
        service_tier: 'default',
        background: false,
        store: false,
        previous_response_id: null,
        max_tool_calls: null,
        access_programs: null,
        usage: {
          input_tokens: 3,
          input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
          output_tokens: 5,
          output_tokens_details: { reasoning_tokens: 0 },
          total_tokens: 8,
        },
      },
    );
  });

  test('tells the settings that it was made with', async () => {
    const server = responsesServer({ script: () => SCRIPT });
    const settings = {
      instructions: 'Be brief.',
      max_output_tokens: 50,
      temperature: 0.5,
      top_p: 0.25,
      metadata: { note: 'x' },
      text: { format: { type: 'json_object' }, verbosity: 'medium' },
    };
    const answer = await server.answer({ ...INPUT, ...settings });
    for (const [name, value] of Object.entries(settings)) assert.deepEqual(answer[name], value, name);
    assert.equal((await server.answer({ ...INPUT, temperature: 0 }))['temperature'], 0);
    const schema = { type: 'object', properties: {}, additionalProperties: false };
    const format = { type: 'json_schema', name: 'a', description: 'An a', schema, strict: true };
    assert.deepEqual((await server.answer({ ...INPUT, text: { format } }))['text'], {
      format,
      verbosity: 'medium',
    });
  });

  test('that is cut off is incomplete, and says why', async () => {
    const server = responsesServer({ script: () => SCRIPT });
    const answer = await server.answer({ ...INPUT, max_output_tokens: 2 });
    assert.equal(textOf(answer), ' barks at');
    assert.deepEqual(
      [answer.status, answer.incomplete_details, answer.completed_at, answer.output[0]?.status],
      ['incomplete', { reason: 'max_output_tokens' }, null, 'incomplete'],
    );
  });

  test('of beams counts all that they took, and tells apart what is not in the answer', async () => {
    const server = responsesServer({ script: () => [' a'] });
    const answer = await server.answer({ ...INPUT, num_beams: 3, max_output_tokens: 4 });
    assert.deepEqual(answer.usage, {
      input_tokens: 3,
      input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
      output_tokens: 3 * 4,
      output_tokens_details: { reasoning_tokens: 0, discarded_tokens: 2 * 4 },
      total_tokens: 15,
    });
  });

  test('that says nothing is an empty message', async () => {
    const answer = await responsesServer({ script: () => ['<eos>'] }).answer(INPUT);
    assert.equal(answer.output[0]?.content?.[0]?.text, '');
    assert.equal(answer.status, 'completed');
  });

  test('that the server cuts off does not pass for a whole one', async () => {
    const server = responsesServer({ script: () => [' w'], tokenDelayMs: 2, info: { contextSize: 100_000 } });
    const asked = server.refusal(INPUT);
    while ((await server.engine.stats()).generatedTokens === 0) await new Promise(setImmediate);
    await server.engine.close();
    const { status, code } = await asked;
    assert.deepEqual([status, code], [503, 'closed']);
  });

  test('names what had no effect', async () => {
    const server = responsesServer({ script: () => SCRIPT });
    assert.equal(await server.ignoredIn({ ...INPUT, metadata: { a: 'b' } }), null);
    const fields = { user: 'me', temperature: 0, top_p: 0.5, parallel_tool_calls: true };
    assert.equal(await server.ignoredIn({ ...INPUT, ...fields }), 'user, parallel_tool_calls, top_p');
    const include = ['reasoning.encrypted_content'];
    assert.equal(await server.ignoredIn({ ...INPUT, include }), 'include');
    assert.equal(await server.ignoredIn({ ...INPUT, include, stream: true }), 'include');
  });

  test('is not kept', async () => {
    const server = responsesServer({ script: () => SCRIPT });
    const { id } = await server.answer(INPUT);
    for (const [method, path] of [
      ['GET', id],
      ['DELETE', id],
      ['POST', `${id}/cancel`],
      ['GET', `${id}/input_items`],
    ] as const) {
      const { status, type, message } = await server.request(method, `/v1/responses/${path}`);
      assert.deepEqual([status, type], [404, 'invalid_request_error']);
      assert.match(message, /not stored/);
    }
    assert.doesNotMatch((await server.request('GET', '/v1/nothing')).message, /stored/);
  });
});

describe('log-probabilities of a response', () => {
  const LOGPROBS = { include: ['message.output_text.logprobs'] };

  test('are those of its tokens', async () => {
    const server = responsesServer({ script: () => [' naïve', '<eos>'] });
    const answer = await server.answer({ ...INPUT, ...LOGPROBS, top_logprobs: 2 });
    const bytes = [...Buffer.from(' naïve')];
    assert.deepEqual(answer.output[0]?.content?.[0]?.logprobs, [
      {
        token: ' naïve',
        logprob: -0.25,
        bytes,
        top_logprobs: [
          { token: ' naïve', logprob: -0.25, bytes },
          // A token that stands for no text has a name instead.
          { token: '<eos>', logprob: -1.25, bytes: [] },
        ],
      },
    ]);
    assert.equal(answer['top_logprobs'], 2);
  });

  test('come without alternatives unless some are asked for', async () => {
    const server = responsesServer({ script: () => [' a', '<eos>'] });
    const answer = await server.answer({ ...INPUT, ...LOGPROBS });
    assert.deepEqual(answer.output[0]?.content?.[0]?.logprobs[0]?.top_logprobs, []);
    assert.equal(server.engine.requests.at(-1)?.logprobs, 0);
  });

  test('are not there unless they are asked for, and nothing is computed', async () => {
    for (const include of [undefined, null, [], ['file_search_call.results']]) {
      const server = responsesServer({ script: () => [' a', '<eos>'] });
      const answer = await server.answer({ ...INPUT, include });
      assert.deepEqual(answer.output[0]?.content?.[0]?.logprobs, []);
      assert.equal(server.engine.requests.at(-1)?.logprobs, undefined);
    }
  });
});
