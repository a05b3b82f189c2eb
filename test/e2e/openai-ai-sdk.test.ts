import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';

import { createOpenAICompatible, type OpenAICompatibleProvider } from '@ai-sdk/openai-compatible';
import {
  APICallError,
  embed,
  embedMany,
  generateObject,
  generateText,
  Output,
  RetryError,
  stepCountIs,
  streamObject,
  streamText,
  tool,
} from 'ai';
import { z } from 'zod';

import { OPENAI_MODELS } from './openai-models.js';
import { Tap } from './openai-tap.js';
import { ServedGlossa } from './server.js';

const prompt = 'Name a colour.';

let glossa: ServedGlossa;
let tap: Tap;
let provider: OpenAICompatibleProvider;

before(async () => {
  glossa = await ServedGlossa.start({ config: { models: OPENAI_MODELS, defaultModel: 'sprout' } });
});
after(() => glossa.stop());
beforeEach(() => {
  tap = new Tap();
  provider = createOpenAICompatible({
    ...{ name: 'glossa', baseURL: `${glossa.url}/v1`, apiKey: 'none', fetch: tap.fetch },
    ...{ includeUsage: true, supportsStructuredOutputs: true },
  });
});
afterEach(() => {
  tap.check();
  assert.deepEqual(
    tap.exchanges.map(({ ignored }) => ignored).filter((names) => names !== null),
    [],
  );
});

describe('ai: texts', () => {
  test('generateText and streamText say the same', async () => {
    const call = { model: provider('sprout'), system: 'Be brief.', prompt, maxOutputTokens: 12, seed: 5 };
    const plain = await generateText({ ...call, temperature: 0.9, topP: 0.95 });
    assert.equal(plain.usage.outputTokens, (plain.usage.totalTokens ?? 0) - (plain.usage.inputTokens ?? 0));
    assert.ok(['stop', 'length'].includes(plain.finishReason));
    const stream = streamText({ ...call, temperature: 0.9, topP: 0.95 });
    let text = '';
    for await (const delta of stream.textStream) text += delta;
    assert.equal(text, plain.text);
    assert.equal(await stream.finishReason, plain.finishReason);
    assert.deepEqual((await stream.usage).totalTokens, plain.usage.totalTokens);
  });

  test('penalties and stop sequences have their effect', async () => {
    const call = { model: provider('sprout'), prompt, maxOutputTokens: 40, temperature: 0 };
    const { text } = await generateText(call);
    const stop = text.slice(3, 6);
    const stopped = await generateText({ ...call, stopSequences: [stop] });
    assert.equal(stopped.text, text.slice(0, text.indexOf(stop)));
    assert.equal(stopped.finishReason, 'stop');
    const endless = { ...call, providerOptions: { glossa: { ignore_eos: true } } };
    const penalised = await generateText({ ...endless, frequencyPenalty: 2, presencePenalty: 2 });
    assert.notEqual(penalised.text, (await generateText(endless)).text);
  });

  test('completions, whose prompt and stop string the SDK makes of the messages', async () => {
    const call = { model: provider.completionModel('glossa-tales'), prompt: 'The little dog', seed: 1 };
    const plain = await generateText({ ...call, maxOutputTokens: 12 });
    assert.equal(tap.last.path, '/v1/completions');
    assert.deepEqual(tap.last.sent?.['stop'], ['\nuser:']);
    const stream = streamText({ ...call, maxOutputTokens: 12 });
    assert.equal(await stream.text, plain.text);
    assert.ok(((await stream.usage).outputTokens ?? 0) > 0);
  });

  test('a stream that is left is given up', async () => {
    const abort = new AbortController();
    const before = (await glossa.idle('sprout')).generated_tokens;
    const stream = streamText({
      ...{ model: provider('sprout'), prompt, abortSignal: abort.signal },
      providerOptions: { glossa: { ignore_eos: true, n: 128, max_tokens: 400 } },
    });
    const kinds: string[] = [];
    for await (const { type } of stream.fullStream) {
      kinds.push(type);
      if (type === 'text-delta') abort.abort();
    }
    assert.equal(kinds.at(-1), 'abort');
    const { active_sequences: active, generated_tokens: generated } = await glossa.idle('sprout');
    assert.equal(active, 0);
    assert.ok(generated > before && generated - before < (128 * 400) / 2, String(generated));
  });
});

const Palette = z.object({ colour: z.enum(['red', 'green', 'blue']), shades: z.array(z.int()).max(2) });

/* eslint-disable @typescript-eslint/no-deprecated -- the SDK's older calls are still what most programs make */
describe('ai: structured outputs', () => {
  test('generateObject and streamObject', async () => {
    const call = { model: provider('sprout'), schema: Palette, prompt, seed: 2 };
    const { object } = await generateObject(call);
    assert.ok(Palette.safeParse(object).success);
    const format = tap.last.sent?.['response_format'] as { type: string };
    assert.equal(format.type, 'json_schema');
    const stream = streamObject(call);
    let parts = 0;
    for await (const part of stream.partialObjectStream) parts += typeof part === 'object' ? 1 : 0;
    assert.ok(parts > 1);
    assert.deepEqual(await stream.object, object);
  });

  test('generateText with an output, and an enumeration', async () => {
    const output = Output.object({ schema: Palette });
    const answer = await generateText({ model: provider('sprout'), output, prompt, seed: 3 });
    assert.ok(Palette.safeParse(answer.output).success);
    const choice = await generateObject({
      ...{ model: provider('sprout'), output: 'enum', enum: ['yes', 'no'], prompt: 'Is it red?' },
    });
    assert.ok(['yes', 'no'].includes(choice.object));
  });
});

/* eslint-enable @typescript-eslint/no-deprecated */

describe('ai: tools', () => {
  const inputSchema = z.object({ day: z.enum(['today', 'tomorrow']), hours: z.int().min(1).max(9) });
  const asked: unknown[] = [];
  const weather = tool({
    description: 'Tells the weather.',
    inputSchema,
    execute: (given) => {
      asked.push(given);
      return { sky: 'rain' };
    },
  });
  const call = { tools: { weather }, prompt: 'Will it rain?', seed: 3 };

  for (const kind of ['generateText', 'streamText'] as const) {
    test(`${kind}: a call, its result, and words`, async () => {
      asked.length = 0;
      const given = {
        ...call,
        model: provider('tools'),
        maxOutputTokens: 100,
        stopWhen: stepCountIs(2),
        prepareStep: ({ stepNumber }: { stepNumber: number }) => ({
          // A model as small as this calls nothing unless it must.
          toolChoice: stepNumber === 0 ? ({ type: 'tool', toolName: 'weather' } as const) : ('none' as const),
        }),
        providerOptions: { glossa: { parallel_tool_calls: false } },
      };
      const answer = kind === 'generateText' ? await generateText(given) : streamText(given);
      const steps = await answer.steps;
      assert.deepEqual(
        steps.map(({ toolCalls }) => toolCalls.length),
        [1, 0],
      );
      assert.equal(steps[0]?.finishReason, 'tool-calls');
      assert.equal(asked.length, 1);
      assert.ok(inputSchema.safeParse(asked[0]).success);
      const sent = tap.last.sent?.['messages'] as { role: string; content: string }[];
      assert.deepEqual(
        sent.map(({ role }) => role),
        ['user', 'assistant', 'tool'],
      );
      assert.equal(typeof (await answer.text), 'string');
    });
  }
});

describe('ai: embeddings', () => {
  test('one and many', async () => {
    const model = provider.embeddingModel('glossa-tales');
    const values = ['The little dog', 'A small cat', 'Once'];
    const { embeddings, usage } = await embedMany({ model, values });
    assert.equal(embeddings.length, 3);
    assert.ok(usage.tokens > 3);
    const one = await embed({ model, value: 'A small cat' });
    const product = one.embedding.reduce(
      (sum, value, place) => sum + value * (embeddings[1]?.[place] ?? 0),
      0,
    );
    assert.ok(product > 0.999, String(product));
  });
});

describe('ai: errors', () => {
  async function raised(call: Promise<unknown>): Promise<APICallError> {
    try {
      await call;
    } catch (error) {
      if (APICallError.isInstance(error)) return error;
      throw error;
    }
    return assert.fail('nothing was raised');
  }

  test('are APICallErrors with the message, and not repeated', async () => {
    const call = { model: provider('sprout'), prompt };
    const hot = await raised(generateText({ ...call, temperature: 3 }));
    assert.deepEqual([hot.statusCode, hot.isRetryable], [400, false]);
    assert.match(hot.message, /temperature/);
    const missing = await raised(generateText({ ...call, model: provider('no-such') }));
    assert.deepEqual([missing.statusCode, missing.isRetryable], [404, false]);
    const long = await raised(generateText({ ...call, prompt: 'red '.repeat(5000) }));
    assert.match(long.message, /maximum context length/);
    assert.equal(tap.exchanges.length, 3);
  });

  test('unknown fields of a provider’s options are refused by name', async () => {
    const providerOptions = { glossa: { reasoningEffort: 'high' } };
    const error = await raised(generateText({ model: provider('sprout'), prompt, providerOptions }));
    assert.equal(error.statusCode, 400);
    assert.match(error.message, /reasoning_effort/);
  });

  test('of a server that is not there are repeated, then told', async () => {
    const away = createOpenAICompatible({ name: 'away', baseURL: 'http://127.0.0.1:9/v1' });
    const call = generateText({ model: away('x'), prompt, maxRetries: 1 });
    await assert.rejects(
      call,
      (error) => RetryError.isInstance(error) && APICallError.isInstance(error.lastError),
    );
  });
});
