import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { refusalIn } from './chat-server.js';
import { eventsIn, INPUT, responsesServer, textOf, type ResponseObject } from './responses-server.js';

const SCRIPT = [' barks', ' at', ' the', ' moon', '<eos>'];
const server = responsesServer({ script: () => SCRIPT });

function withoutIds(response: ResponseObject | undefined): unknown {
  const { output = [], ...rest } = response ?? {};
  return {
    ...rest,
    ...{ id: '', created_at: 0, completed_at: 0 },
    output: (output as readonly object[]).map((item) => ({ ...item, id: '' })),
  };
}

describe('a streamed response', () => {
  test('tells each step, under the names that OpenAI has for them', async () => {
    const events = await server.events(INPUT);
    assert.deepEqual(
      events.map(({ type }) => type),
      [
        'response.created',
        'response.in_progress',
        'response.output_item.added',
        'response.content_part.added',
        ...Array<string>(4).fill('response.output_text.delta'),
        'response.output_text.done',
        'response.content_part.done',
        'response.output_item.done',
        'response.completed',
      ],
    );
    const deltas = events.flatMap(({ delta }) => delta ?? []);
    assert.deepEqual(deltas, SCRIPT.slice(0, 4));
    const [text] = events.flatMap((event) => event.text ?? []);
    assert.equal(text, ' barks at the moon');
  });

  test('has one id for the response and one for each item', async () => {
    const events = await server.events(INPUT);
    const ids = new Set(events.flatMap(({ response }) => response?.id ?? []));
    assert.equal(ids.size, 1);
    const items = new Set(events.flatMap(({ item, item_id: id }) => item?.id ?? id ?? []));
    assert.deepEqual([...items], [events.at(-1)?.response?.output[0]?.id]);
  });

  test('begins with a response in progress and ends with the one that is answered whole', async () => {
    const events = await server.events(INPUT);
    const [created] = events;
    assert.deepEqual([created?.response?.status, created?.response?.output], ['in_progress', []]);
    assert.equal(created?.response?.usage, null);
    assert.deepEqual(withoutIds(events.at(-1)?.response), withoutIds(await server.answer(INPUT)));
  });

  test('that is cut off ends with response.incomplete', async () => {
    const last = (await server.events({ ...INPUT, max_output_tokens: 2 })).at(-1);
    assert.equal(last?.type, 'response.incomplete');
    assert.deepEqual(last.response?.incomplete_details, { reason: 'max_output_tokens' });
    assert.equal(textOf(last.response), ' barks at');
  });

  test('has log-probabilities with the text that they belong to', async () => {
    const body = { ...INPUT, include: ['message.output_text.logprobs'], top_logprobs: 1 };
    const events = await server.events(body);
    const deltas = events.filter(({ type }) => type === 'response.output_text.delta');
    assert.equal(deltas.length, 4);
    for (const { delta, logprobs = [] } of deltas)
      assert.equal(logprobs.map(({ token }) => token).join(''), delta);
    const whole = (await server.answer(body)).output[0]?.content?.[0]?.logprobs;
    assert.deepEqual(
      deltas.flatMap(({ logprobs = [] }) => logprobs),
      whole,
    );
    for (const { logprobs, part } of events.filter(({ type }) => type.endsWith('part.done')))
      assert.deepEqual(part?.logprobs ?? logprobs, whole);
  });

  test('that is refused has its status', async () => {
    for (const body of [{ input: [] }, { max_output_tokens: 1000 }, { num_beams: 2 }, { model: 'none' }]) {
      const response = await server.post({ ...INPUT, ...body, stream: true });
      assert.equal(response.status, 'model' in body ? 404 : 400);
      assert.match(response.headers.get('content-type') ?? '', /json/);
      await refusalIn(response);
    }
  });

  test('that fails in the middle says so twice: of the response, and for clients to throw', async () => {
    const failing = responsesServer({ script: () => SCRIPT, crashAfterTokens: 2 });
    const response = await failing.post({ ...INPUT, stream: true });
    assert.equal(response.status, 200);
    const events = await eventsIn(response);
    const [failed, error] = events.slice(-2);
    assert.equal(failed?.type, 'response.failed');
    assert.equal(failed.response?.status, 'failed');
    assert.deepEqual(failed.response.error, { code: 'server_error', message: "the model's process died" });
    assert.equal(textOf(failed.response), events.flatMap(({ delta }) => delta ?? []).join(''));
    const { type, message, code, param, error: thrown } = error ?? assert.fail();
    const told = { message: "the model's process died", code: 'engine_crashed', param: null };
    assert.deepEqual([type, { message, code, param }], ['error', told]);
    assert.deepEqual(thrown, { ...told, type: 'server_error' });
  });

  test('that nobody reads any more is no longer generated, and others are', async () => {
    const slow = responsesServer({ script: () => [' w'], tokenDelayMs: 2, info: { contextSize: 100_000 } });
    const other = slow.answer({ ...INPUT, max_output_tokens: 40 });
    const response = await slow.post({ ...INPUT, stream: true });
    const reader = response.body?.getReader();
    await reader?.read();
    assert.equal((await slow.engine.stats()).activeRequests, 2);
    await reader?.cancel();
    assert.equal((await other).usage?.output_tokens, 40);
    assert.equal((await slow.engine.stats()).activeRequests, 0);
  });
});
