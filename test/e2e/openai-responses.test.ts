import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { Ajv2020 } from 'ajv/dist/2020.js';
import OpenAI from 'openai';
import { zodTextFormat } from 'openai/helpers/zod';
import type { FunctionTool, ResponseInput, ResponseInputItem } from 'openai/resources/responses/responses';
import { z } from 'zod';

import { packageRoot } from '../../src/engine/addon.js';
import { eventsIn, responseIn } from '../dialects/openai/responses-server.js';
import { ServedGlossa } from './server.js';

const path = join(packageRoot(), 'models', 'glossa-sprout-alpaca', 'glossa-sprout-alpaca-q8_0.gguf');
const chatTemplate = join(packageRoot(), 'test', 'chat', 'templates', 'hermes.jinja');
const RESPONSES = '/v1/responses';
const QUESTION = { model: 'sprout', input: 'Name a colour.' };

let glossa: ServedGlossa;
let client: OpenAI;

before(async () => {
  const models = {
    // Texts are compared: they must not depend on what runs beside them.
    sprout: { path, reproducible: true },
    tools: { path, chatTemplate },
  };
  glossa = await ServedGlossa.start({ config: { models, defaultModel: 'sprout' } });
  client = new OpenAI({ baseURL: `${glossa.url}/v1`, apiKey: 'none', maxRetries: 0 });
});
after(async () => {
  await glossa.stop();
});

const parameters = {
  type: 'object',
  properties: { day: { enum: ['today', 'tomorrow'] }, hours: { type: 'integer', minimum: 1, maximum: 9 } },
  required: ['day', 'hours'],
  additionalProperties: false,
};
const weather: FunctionTool = { type: 'function', name: 'weather', parameters, strict: true };

describe("a response that OpenAI's SDK asks for", () => {
  test('has its text, which is the same streamed', async () => {
    // 0 takes the likeliest text.
    const body = { ...QUESTION, max_output_tokens: 12, temperature: 0 };
    const whole = await client.responses.create(body);
    const events = await client.responses.create({ ...body, stream: true });
    let text = '';
    const types = new Set<string>();
    for await (const event of events) {
      types.add(event.type);
      if (event.type === 'response.output_text.delta') text += event.delta;
      if (event.type === 'response.output_text.done') assert.equal(event.text, text);
    }
    assert.equal(text, whole.output_text);
    assert.ok(types.has(`response.${whole.status ?? ''}`), [...types].join());
    const logged = await client.responses.stream(body).finalResponse();
    assert.equal(logged.output_text, text);
    assert.equal(logged.usage?.output_tokens, whole.usage?.output_tokens);
  });

  test('tells log-probabilities of its tokens', async () => {
    const { output, output_text: text } = await client.responses.create({
      ...{ ...QUESTION, max_output_tokens: 12, temperature: 0, top_logprobs: 3 },
      include: ['message.output_text.logprobs'],
    });
    const [message] = output;
    assert.ok(message?.type === 'message' && message.content[0]?.type === 'output_text');
    const { logprobs = [] } = message.content[0];
    assert.equal(Buffer.from(logprobs.flatMap(({ bytes }) => bytes)).toString(), text);
    for (const { logprob, top_logprobs: top } of logprobs) {
      // The likeliest text takes the likeliest token at each place.
      assert.equal(top.length, 3);
      assert.equal(top[0]?.logprob, logprob);
    }
  });

  test('keeps to a JSON schema, and is parsed', async () => {
    const colour = z.object({ colour: z.enum(['red', 'green', 'blue']), warm: z.boolean() });
    const asked = { ...QUESTION, text: { format: zodTextFormat(colour, 'colour') } };
    const whole = await client.responses.parse(asked);
    assert.deepEqual(colour.parse(whole.output_parsed), JSON.parse(whole.output_text));
    const streamed = await client.responses.stream(asked).finalResponse();
    assert.equal(streamed.status, 'completed');
    assert.deepEqual(colour.parse(streamed.output_parsed), JSON.parse(streamed.output_text));
  });

  test('calls the tool that it must, whole and streamed, and is told the result', async () => {
    const choices = ['required', { type: 'function', name: 'weather' }] as const;
    const validate = new Ajv2020().compile(parameters);
    for (const tool_choice of choices) {
      const body = { model: 'tools', input: 'Rain?', tools: [weather], tool_choice };
      const asked = { ...body, parallel_tool_calls: false };
      for (const response of [
        await client.responses.create(asked),
        await client.responses.stream(asked).finalResponse(),
      ]) {
        const [call, ...others] = response.output;
        assert.deepEqual(others, []);
        assert.ok(call?.type === 'function_call', JSON.stringify(response.output));
        assert.equal(call.name, 'weather');
        assert.ok(validate(JSON.parse(call.arguments)), call.arguments);
        const result = { type: 'function_call_output', call_id: call.call_id, output: 'dry' } as const;
        const input: ResponseInput = [
          { role: 'user', content: 'Rain?' },
          ...(response.output as ResponseInputItem[]),
          result,
        ];
        const answer = await client.responses.create({
          ...asked,
          input,
          tool_choice: 'none',
          max_output_tokens: 4,
        });
        assert.equal(answer.output[0]?.type, 'message');
      }
    }
  });

  test("raises the SDK's errors", async () => {
    await assert.rejects(client.responses.create({ ...QUESTION, model: 'none' }), OpenAI.NotFoundError);
    await assert.rejects(client.responses.create({ ...QUESTION, store: true }), (error) => {
      assert.ok(error instanceof OpenAI.BadRequestError);
      assert.equal(error.param, 'store');
      return true;
    });
    await assert.rejects(client.responses.create({ ...QUESTION, input: 'colour '.repeat(5000) }), (error) => {
      assert.ok(error instanceof OpenAI.BadRequestError);
      assert.equal(error.code, 'context_length_exceeded');
      return true;
    });
    const { id } = await client.responses.create({ ...QUESTION, max_output_tokens: 2 });
    await assert.rejects(client.responses.retrieve(id), /404 .*not stored/);
  });

  test('can be left in its middle', async () => {
    const body = { ...QUESTION, stream: true, ignore_eos: true } as const;
    const events = await client.responses.create(body);
    for await (const event of events) if (event.type === 'response.output_text.delta') break;
    await glossa.idle('sprout');
  });
});

describe('a response of a real model', () => {
  test("is what OpenAI's schemas say, whole and streamed, by its seed", async () => {
    const body = { ...QUESTION, instructions: 'Be brief.', seed: 7, max_output_tokens: 12 };
    const response = await glossa.post(RESPONSES, body);
    const whole = await responseIn(response);
    const events = await eventsIn(await glossa.post(RESPONSES, { ...body, stream: true }));
    const contentOf = ({ output }: typeof whole): unknown => output.map(({ content }) => content);
    assert.deepEqual(contentOf(events.at(-1)?.response ?? assert.fail()), contentOf(whole));
    const logged = await glossa.logged(response.headers.get('x-request-id') ?? '');
    assert.deepEqual(
      [logged.model, logged.promptTokens, logged.generatedTokens],
      ['sprout', whole.usage?.input_tokens, whole.usage?.output_tokens],
    );
  });
});
