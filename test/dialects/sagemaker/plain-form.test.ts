import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { ANYBODY } from '../../../src/models/caller.js';
import { assertError, SagemakerServer } from './served.js';

interface PlainReply {
  readonly input: string;
  readonly output: readonly string[];
  readonly test: boolean;
}

async function replyTo(body: object, server = new SagemakerServer()): Promise<PlainReply> {
  const response = await server.post(body);
  assert.equal(response.status, 200, await response.clone().text());
  return (await response.json()) as PlainReply;
}

describe('the first published body form', () => {
  test('is answered with the input and the continuations alone', async () => {
    const body = {
      input: 'Machine learning helps',
      length: 4,
      repetition_penalty: 10,
      num_return_sequences: 1,
    };
    assert.deepEqual(await replyTo(body), {
      input: 'Machine learning helps',
      output: [' barks at the moon'],
      test: false,
    });
  });

  for (const fields of [
    { length: 2 },
    { p: 1 },
    { k: 5 },
    { repetition_penalty: 1 },
    { stop_token: '.' },
    { test: false },
  ]) {
    test(`is told by ${JSON.stringify(fields)}`, async () => {
      assert.deepEqual(Object.keys(await replyTo({ input: 'A', ...fields })), ['input', 'output', 'test']);
    });
  }

  test('is not told by what both forms have', async () => {
    const response = await new SagemakerServer().post({
      input: 'A',
      temperature: 1,
      seed: 1,
      num_return_sequences: 2,
    });
    assert.ok(Array.isArray(await response.json()));
  });

  test('decodes by its own defaults', async () => {
    const {
      doSample,
      numBeams,
      maxNewTokens,
      numReturnSequences,
      temperature,
      topK,
      topP,
      repetitionPenalty,
      seed,
      stopStrings,
    } = await new SagemakerServer().requestFor({ length: null });
    assert.deepEqual([doSample, numBeams, maxNewTokens, numReturnSequences], [true, 1, 50, 1]);
    assert.deepEqual([temperature, topK, topP, repetitionPenalty], [1, 50, 1, 1]);
    assert.deepEqual([seed, stopStrings], [undefined, []]);
  });

  test('without length 50 tokens are generated, whatever the prompt has, and one text', async () => {
    const server = new SagemakerServer({ engine: { script: () => [' word'] } });
    assert.deepEqual((await replyTo({ input: 'One two three', p: 1 }, server)).output, [' word'.repeat(50)]);
  });

  test('its parameters reach the engine', async () => {
    const body = {
      length: 7,
      k: 9,
      p: 0.25,
      temperature: 10,
      repetition_penalty: 1.5,
      seed: 3,
      num_return_sequences: 2,
    };
    const request = await new SagemakerServer().requestFor({ ...body, stop_token: '\n' });
    assert.deepEqual(
      [request.maxNewTokens, request.topK, request.topP, request.temperature],
      [7, 9, 0.25, 10],
    );
    assert.deepEqual([request.repetitionPenalty, request.seed, request.numReturnSequences], [1.5, 3, 2]);
    assert.deepEqual([request.stopStrings, request.stopStringsSpanPrompt], [['\n'], false]);
  });

  test('with test true nothing is generated', async () => {
    const server = new SagemakerServer();
    const reply = await replyTo({ input: 'A', test: true, num_return_sequences: 2 }, server);
    assert.deepEqual([reply.input, reply.test, reply.output.length], ['A', true, 2]);
    assert.deepEqual(
      server.models.list(ANYBODY).map(({ state }) => state.name),
      ['unloaded', 'unloaded'],
    );
  });

  const refusals: readonly [object, string][] = [
    [{ length: 5, max_length: 5 }, 'unknown field max_length; did you mean length?'],
    [{ length: 5, mode: 'greedy' }, 'unknown field mode'],
    [{ p: 0.5, top_k: 5 }, 'unknown field top_k'],
    [{ length: 0 }, 'length: expected an integer from 1 to 2147483647, received 0'],
    [{ length: '50' }, 'length: expected an integer from 1 to 2147483647, received string'],
    [{ p: 1.5 }, 'p: expected a number from 0 to 1, received 1.5'],
    [{ k: -1 }, 'k: expected an integer from 0 to 2147483647, received -1'],
    [{ repetition_penalty: 0 }, 'repetition_penalty: expected a number from 0.000001 to 1000000, received 0'],
    [{ temperature: 0, p: 1 }, 'temperature: expected a number from 0.000001 to 1000000, received 0'],
    [{ stop_token: '' }, 'stop_token: expected text of 1 to 1024 characters'],
    [{ stop_token: 'x'.repeat(1025) }, 'stop_token: expected text of 1 to 1024 characters'],
    [{ stop_token: 5 }, 'stop_token: expected text of 1 to 1024 characters, received 5'],
    [{ test: 'yes' }, 'test: expected true or false, received string'],
  ];
  for (const [fields, message] of refusals) {
    test(`${JSON.stringify(fields).slice(0, 60)} is refused`, async () => {
      const response = await new SagemakerServer().post({ input: 'A', ...fields });
      assert.equal(await assertError(response, 400, 'ValidationError'), message);
    });
  }
});
