import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';

import OpenAI from 'openai';
import { zodFunction, zodResponseFormat } from 'openai/helpers/zod';
import { z } from 'zod';

import { OPENAI_MODELS } from './openai-models.js';
import { Tap } from './openai-tap.js';
import { ServedGlossa } from './server.js';

const model = 'sprout';
const messages = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: 'Name a colour.' },
] satisfies OpenAI.ChatCompletionMessageParam[];

let glossa: ServedGlossa;
let tap: Tap;
let client: OpenAI;

before(async () => {
  glossa = await ServedGlossa.start({ config: { models: OPENAI_MODELS, defaultModel: model } });
});
beforeEach(() => {
  tap = new Tap();
  client = new OpenAI({ baseURL: `${glossa.url}/v1`, apiKey: 'none', fetch: tap.fetch });
});
afterEach(() => {
  assert.ok(tap.check() > 0);
  assert.deepEqual(
    tap.exchanges.map(({ ignored }) => ignored).filter((names) => names !== null),
    [],
  );
});
after(() => glossa.stop());

describe('openai: chats', () => {
  test('plain, n choices, with both names of their length', async () => {
    const body = { model, messages, n: 3, seed: 2 };
    const answer = await client.chat.completions.create({ ...body, max_completion_tokens: 6 });
    assert.equal(answer.object, 'chat.completion');
    assert.equal(answer.choices.length, 3);
    for (const { message } of answer.choices) {
      assert.equal(message.role, 'assistant');
      assert.equal(message.refusal, null);
      assert.equal(typeof message.content, 'string');
    }
    assert.ok(new Set(answer.choices.map(({ message }) => message.content)).size > 1);
    const byOlderName = { ...body, max_tokens: 6 };
    const older = await client.chat.completions.create(byOlderName);
    assert.deepEqual(older.choices, answer.choices);
  });

  test('streamed, the same as plain', async () => {
    const body = { model, messages, max_tokens: 16, seed: 4, n: 2 };
    const plain = await client.chat.completions.create(body);
    const texts = ['', ''];
    const ends: (string | null)[] = [];
    for await (const { choices } of await client.chat.completions.create({ ...body, stream: true }))
      for (const { index, delta, finish_reason: end } of choices) {
        texts[index] = `${texts[index] ?? ''}${delta.content ?? ''}`;
        ends[index] = end;
      }
    assert.deepEqual(
      texts,
      plain.choices.map(({ message }) => message.content),
    );
    assert.deepEqual(
      ends,
      plain.choices.map(({ finish_reason: end }) => end),
    );
  });

  test('the stream helper gathers content, log-probabilities and usage', async () => {
    const body = { model, messages, max_tokens: 12, temperature: 0, logprobs: true, top_logprobs: 2 };
    const plain = await client.chat.completions.create(body);
    const stream = client.chat.completions.stream({ ...body, stream_options: { include_usage: true } });
    let deltas = '';
    stream.on('content', (delta) => (deltas += delta));
    assert.equal(await stream.finalContent(), plain.choices[0]?.message.content);
    assert.equal(deltas, plain.choices[0]?.message.content);
    const gathered = await stream.finalChatCompletion();
    assert.deepEqual(gathered.choices[0]?.logprobs?.content, plain.choices[0]?.logprobs?.content);
    assert.deepEqual((await stream.totalUsage()).total_tokens, plain.usage?.total_tokens);
  });

  test('log-probabilities', async () => {
    const body = { model, messages, max_tokens: 8, temperature: 0, logprobs: true };
    const answer = await client.chat.completions.create({ ...body, top_logprobs: 3 });
    const tokens = answer.choices[0]?.logprobs?.content ?? [];
    assert.ok(tokens.length > 0);
    const bytes = Buffer.from(tokens.flatMap((token) => token.bytes ?? []));
    assert.equal(bytes.toString(), answer.choices[0]?.message.content);
    for (const { logprob, top_logprobs: top } of tokens)
      assert.deepEqual([top.length, top[0]?.logprob], [3, logprob]);
    const without = await client.chat.completions.create(body);
    assert.deepEqual(without.choices[0]?.logprobs?.content?.[0]?.top_logprobs, []);
  });

  test('a stream that is left is given up', async () => {
    const long = { model, messages, n: 128, stream: true, logit_bias: {}, ignore_eos: true } as const;
    for await (const { choices } of await client.chat.completions.create(long))
      if ((choices[0]?.delta.content ?? '') !== '') break;
    const { active_sequences: active } = await glossa.idle(model);
    assert.equal(active, 0);
    assert.equal(tap.last.isWhole(), false);
  });
});

const Palette = z.object({
  colour: z.enum(['red', 'green', 'blue']),
  shades: z.array(z.int().min(0).max(9)).max(3),
  dark: z.boolean().nullable(),
});

describe('openai: structured outputs', () => {
  const response_format = zodResponseFormat(Palette, 'palette');

  test('parse() of a zod schema', async () => {
    const answer = await client.chat.completions.parse({ model, messages, response_format, n: 3, seed: 1 });
    for (const { message, finish_reason: end } of answer.choices) {
      assert.equal(end, 'stop');
      assert.ok(Palette.safeParse(message.parsed).success, message.content ?? '');
    }
  });

  test('the stream helper parses it too', async () => {
    const stream = client.chat.completions.stream({ model, messages, response_format, seed: 1 });
    const { choices } = await stream.finalChatCompletion();
    assert.ok(Palette.safeParse(choices[0]?.message.parsed).success);
  });

  test('a schema as it is, and json_object', async () => {
    const schema = {
      type: 'object',
      properties: { a: { const: 1 } },
      required: ['a'],
      additionalProperties: false,
    };
    const answer = await client.chat.completions.create({
      ...{ model, messages },
      response_format: { type: 'json_schema', json_schema: { name: 'one', schema, strict: true } },
    });
    assert.deepEqual(JSON.parse(answer.choices[0]?.message.content ?? ''), { a: 1 });
    const free = await client.chat.completions.create({
      ...{ model, messages, temperature: 0, max_completion_tokens: 100 },
      response_format: { type: 'json_object' },
    });
    const [choice] = free.choices;
    assert.match(choice?.message.content ?? '', /^\s*\{/);
    if (choice?.finish_reason === 'stop') JSON.parse(choice.message.content ?? '');
  });
});

function argumentsOf(call: OpenAI.ChatCompletionMessageToolCall): string | undefined {
  return call.type === 'function' ? call.function.arguments : undefined;
}

const Weather = z.object({ day: z.enum(['today', 'tomorrow']), hours: z.int().min(1).max(9) });

describe('openai: tools', () => {
  const tool = zodFunction({ name: 'weather', description: 'Tells the weather.', parameters: Weather });
  const tools = [tool];

  test('a required call, plain and streamed, parsed by the SDK', async () => {
    const body = { model: 'tools', messages, tools, tool_choice: 'required', seed: 3 } as const;
    const answer = await client.chat.completions.parse({ ...body, parallel_tool_calls: false });
    const [choice] = answer.choices;
    assert.equal(choice?.finish_reason, 'tool_calls');
    const [call, ...others] = choice.message.tool_calls ?? [];
    assert.deepEqual(others, []);
    assert.equal(call?.function.name, 'weather');
    assert.ok(Weather.safeParse(call.function.parsed_arguments).success);

    const stream = client.chat.completions.stream({ ...body, parallel_tool_calls: false });
    const done: string[] = [];
    stream.on('tool_calls.function.arguments.done', ({ arguments: given }) => done.push(given));
    const streamed = await stream.finalMessage();
    assert.deepEqual(done, [call.function.arguments]);
    assert.deepEqual(streamed.tool_calls?.map(argumentsOf), [call.function.arguments]);
    assert.equal((await stream.finalFunctionToolCall())?.name, 'weather');
  });

  test('runTools: call, result, answer', async () => {
    const asked: unknown[] = [];
    const runner = client.chat.completions.runTools({
      ...{ model: 'tools', messages, seed: 3, parallel_tool_calls: false },
      // After a named call the SDK ends. A model as small as this calls nothing unless it must.
      tool_choice: { type: 'function', function: { name: 'weather' } },
      tools: [
        {
          type: 'function',
          function: {
            name: 'weather',
            description: 'Tells the weather.',
            parameters: tool.function.parameters ?? {},
            parse: (text: string) => Weather.parse(JSON.parse(text)),
            function: (given: z.output<typeof Weather>) => {
              asked.push(given);
              return 'rain';
            },
          },
        },
      ],
    });
    await runner.done();
    assert.equal(asked.length, 1);
    const result = runner.messages.at(-1);
    assert.deepEqual([result?.role, result?.content], ['tool', 'rain']);
    // The conversation with the call and its result is understood, and answered in words.
    const answer = await client.chat.completions.create({
      ...{
        model: 'tools',
        messages: runner.messages,
        tools,
        tool_choice: 'none',
        temperature: 0,
        max_completion_tokens: 20,
      },
    });
    assert.equal(answer.choices[0]?.message.tool_calls, undefined);
    assert.equal(typeof answer.choices[0]?.message.content, 'string');
    const before = await client.chat.completions.create({
      ...{ model: 'tools', messages, tools, tool_choice: 'none', max_completion_tokens: 1 },
    });
    assert.ok((answer.usage?.prompt_tokens ?? 0) > (before.usage?.prompt_tokens ?? 0));
  });

  test('runTools with the choice left to the model goes on to its words', async () => {
    const runner = client.chat.completions.runTools({
      ...{ model: 'tools', messages, temperature: 0, max_completion_tokens: 20, stream: true },
      tools: [
        {
          type: 'function',
          function: { name: 'weather', description: '', parameters: {}, function: () => 'rain' },
        },
      ],
    });
    assert.equal(typeof (await runner.finalContent()), 'string');
  });

  test('of a model that knows none are refused by name', async () => {
    await assert.rejects(
      client.chat.completions.create({
        model,
        messages,
        tools: [{ type: 'function', function: { name: 'x' } }],
      }),
      (error) => error instanceof OpenAI.BadRequestError && error.param === 'tools',
    );
  });
});
