import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { Ajv2020 } from 'ajv/dist/2020.js';

import { packageRoot } from '../../src/engine/addon.js';
import {
  answerIn,
  chunksIn,
  contentOf,
  refusalIn,
  type Answer,
  type Chunk,
} from '../dialects/openai/chat-server.js';
import { ServedGlossa } from './server.js';

const path = join(packageRoot(), 'models', 'glossa-sprout-alpaca', 'glossa-sprout-alpaca-q8_0.gguf');
const chatTemplate = join(packageRoot(), 'test', 'chat', 'templates', 'hermes.jinja');
const CHAT = '/v1/chat/completions';
const QUESTION = { messages: [{ role: 'user', content: 'Name a colour.' }] };

let glossa: ServedGlossa;

before(async () => {
  const models = {
    // Texts are compared: they must not depend on what runs beside them.
    sprout: { path, reproducible: true },
    tools: { path, chatTemplate },
  };
  glossa = await ServedGlossa.start({ config: { models, defaultModel: 'sprout' } });
});
after(async () => {
  await glossa.stop();
});

async function answer(body: object): Promise<Answer> {
  const response = await glossa.post(CHAT, { ...QUESTION, ...body });
  if (response.status !== 200) assert.fail(await response.text());
  return await answerIn(response);
}

async function chunks(body: object): Promise<Chunk[]> {
  return await chunksIn(await glossa.post(CHAT, { ...QUESTION, ...body, stream: true }));
}

describe('a chat with a real model', () => {
  test('is the same streamed and whole, by its seed, for each of its choices', async () => {
    const body = { seed: 7, n: 3, max_tokens: 12, logprobs: true, top_logprobs: 2 };
    const whole = await answer(body);
    const streamed = await chunks({ ...body, stream_options: { include_usage: true } });
    for (const { index, message, logprobs } of whole.choices) {
      assert.equal(contentOf(streamed, index), message.content);
      const told = streamed
        .flatMap(({ choices }) => choices)
        .filter((choice) => choice.index === index)
        .flatMap((choice) => choice.logprobs?.content ?? []);
      assert.deepEqual(told, logprobs?.content);
    }
    assert.equal(streamed.at(-1)?.usage?.completion_tokens, whole.usage.completion_tokens);
    assert.deepEqual(
      (await answer(body)).choices.map(({ message }) => message.content),
      whole.choices.map(({ message }) => message.content),
    );
  });

  test('tells log-probabilities whose tokens make up its text', async () => {
    const { choices } = await answer({ temperature: 0, max_tokens: 12, logprobs: true, top_logprobs: 20 });
    const tokens = choices[0]?.logprobs?.content ?? [];
    const bytes = Buffer.from(tokens.flatMap((token) => token.bytes ?? []));
    assert.equal(bytes.toString(), choices[0]?.message.content);
    for (const { logprob, top_logprobs: top = [] } of tokens) {
      // The likeliest text takes the likeliest token at each place.
      assert.equal(top.length, 20);
      assert.equal(top[0]?.logprob, logprob);
      const mass = top.reduce((sum, other) => sum + Math.exp(other.logprob), 0);
      assert.ok(mass > 0 && mass < 1 + 1e-6, String(mass));
    }
  });

  test('keeps to a JSON schema', async () => {
    const schema = {
      type: 'object',
      properties: {
        colour: { enum: ['red', 'green', 'blue'] },
        shades: { type: 'array', items: { type: 'integer', minimum: 0, maximum: 9 }, maxItems: 3 },
      },
      required: ['colour', 'shades'],
      additionalProperties: false,
    };
    const response_format = { type: 'json_schema', json_schema: { name: 'colour', schema, strict: true } };
    const { choices } = await answer({ response_format, n: 4, seed: 1 });
    const validate = new Ajv2020().compile(schema);
    for (const { message, finish_reason: end } of choices) {
      assert.equal(end, 'stop');
      assert.ok(validate(JSON.parse(message.content ?? '')), message.content ?? '');
    }
  });

  test('calls the tool that it must, with arguments of its schema', async () => {
    const parameters = {
      type: 'object',
      properties: {
        day: { enum: ['today', 'tomorrow'] },
        hours: { type: 'integer', minimum: 1, maximum: 9 },
      },
      required: ['day', 'hours'],
      additionalProperties: false,
    };
    const tools = [{ type: 'function', function: { name: 'weather', parameters } }];
    const validate = new Ajv2020().compile(parameters);
    for (const tool_choice of ['required', { type: 'function', function: { name: 'weather' } }]) {
      const body = { model: 'tools', tools, tool_choice, seed: 3, parallel_tool_calls: false };
      const { choices } = await answer(body);
      const [call, ...others] = choices[0]?.message.tool_calls ?? [];
      assert.deepEqual(others, []);
      assert.equal(choices[0]?.finish_reason, 'tool_calls');
      assert.equal(call?.function.name, 'weather');
      assert.ok(validate(JSON.parse(call.function.arguments)), call.function.arguments);
    }
  });

  test('obeys a grammar, a stop string and a bias', async () => {
    const grammar = 'root ::= "red" | "green"';
    assert.match((await answer({ grammar })).choices[0]?.message.content ?? '', /^(red|green)$/);
    const stopped = await answer({ grammar: 'root ::= "one two three"', stop: [' two'] });
    assert.equal(stopped.choices[0]?.message.content, 'one');
    assert.equal(stopped.choices[0].finish_reason, 'stop');
    const response = await glossa.post(CHAT, { ...QUESTION, logit_bias: { 99999999: 1 } });
    const { status, param } = await refusalIn(response);
    assert.deepEqual([status, param], [400, 'logit_bias']);
  });

  test('that does not fit is refused with the counts, and the log has what was taken', async () => {
    const content = 'colour '.repeat(5000);
    const refusal = await refusalIn(await glossa.post(CHAT, { messages: [{ role: 'user', content }] }));
    assert.deepEqual(
      [refusal.status, refusal.param, refusal.code],
      [400, 'messages', 'context_length_exceeded'],
    );
    const response = await glossa.post(CHAT, { ...QUESTION, max_tokens: 3 });
    const { usage } = await answerIn(response);
    const logged = await glossa.logged(response.headers.get('x-request-id') ?? '');
    assert.deepEqual(
      [logged.model, logged.promptTokens, logged.generatedTokens],
      ['sprout', usage.prompt_tokens, usage.completion_tokens],
    );
  });

  test('whose client leaves is given up', async () => {
    const stop = new AbortController();
    const body = { ...QUESTION, stream: true, ignore_eos: true };
    const response = await glossa.post(CHAT, body, { signal: stop.signal });
    await response.body?.getReader().read();
    stop.abort();
    await glossa.idle('sprout');
  });
});
