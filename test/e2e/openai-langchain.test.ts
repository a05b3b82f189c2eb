import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';

import {
  AIMessage,
  HumanMessage,
  SystemMessage,
  ToolMessage,
  type AIMessageChunk,
  type BaseMessage,
  type UsageMetadata,
} from '@langchain/core/messages';
import { ContextOverflowError } from '@langchain/core/errors';
import { tool } from '@langchain/core/tools';
import { ChatOpenAI, OpenAI, OpenAIEmbeddings, type ChatOpenAIFields } from '@langchain/openai';
import { z } from 'zod';

import { OPENAI_MODELS } from './openai-models.js';
import { Tap } from './openai-tap.js';
import { ServedGlossa } from './server.js';

const messages = [new SystemMessage('Be brief.'), new HumanMessage('Name a colour.')];

let glossa: ServedGlossa;
let tap: Tap;

before(async () => {
  glossa = await ServedGlossa.start({ config: { models: OPENAI_MODELS, defaultModel: 'sprout' } });
});
after(() => glossa.stop());
beforeEach(() => {
  tap = new Tap();
});
afterEach(() => {
  assert.ok(tap.check() > 0);
  assert.deepEqual(
    tap.exchanges.map(({ ignored }) => ignored).filter((names) => names !== null),
    [],
  );
});

function connection(): { apiKey: string; configuration: { baseURL: string; fetch: Tap['fetch'] } } {
  return { apiKey: 'none', configuration: { baseURL: `${glossa.url}/v1`, fetch: tap.fetch } };
}

function chatOf(fields: ChatOpenAIFields = {}): ChatOpenAI {
  return new ChatOpenAI({ model: 'sprout', maxTokens: 12, temperature: 0, ...connection(), ...fields });
}

/** Typed away by the library's own generic message. */
function usageOf(message: BaseMessage): UsageMetadata | undefined {
  return (message as { usage_metadata?: UsageMetadata }).usage_metadata;
}

describe('@langchain/openai: ChatOpenAI', () => {
  test('invoke and stream say the same', async () => {
    const chat = chatOf();
    const plain = await chat.invoke(messages);
    assert.ok(plain.text.length > 0);
    assert.equal(tap.last.sent?.['stream'], false);
    let gathered: AIMessageChunk | undefined;
    for await (const chunk of await chat.stream(messages)) gathered = gathered?.concat(chunk) ?? chunk;
    assert.equal(gathered?.text, plain.text);
    const usage = usageOf(plain);
    assert.equal(usageOf(gathered)?.total_tokens, usage?.total_tokens);
    assert.ok((usage?.output_tokens ?? 0) > 0);
  });

  test('n answers, stop strings, log-probabilities, batches', async () => {
    const { generations } = await chatOf({ n: 3, temperature: 1 }).generate([messages]);
    assert.equal(generations[0]?.length, 3);
    const whole = (await chatOf().invoke(messages)).text;
    const stop = whole.slice(3, 6);
    assert.equal(
      (await chatOf().invoke(messages, { stop: [stop] })).text,
      whole.slice(0, whole.indexOf(stop)),
    );
    const told = await chatOf({ logprobs: true, topLogprobs: 2 }).invoke(messages);
    const { content } = told.response_metadata['logprobs'] as { content: { token: string }[] };
    assert.equal(content.map(({ token }) => token).join(''), whole);
    const batch = await chatOf().batch([messages, messages]);
    assert.deepEqual(
      batch.map(({ text }) => text),
      [whole, whole],
    );
  });

  const Palette = z.object({ colour: z.enum(['red', 'green', 'blue']), shades: z.array(z.int()).max(2) });

  test('withStructuredOutput by a schema', async () => {
    const chat = chatOf({ maxTokens: 100 }).withStructuredOutput(Palette, {
      method: 'jsonSchema',
      name: 'palette',
    });
    const palette = await chat.invoke(messages);
    assert.ok(Palette.safeParse(palette).success);
    assert.equal((tap.last.sent?.['response_format'] as { type: string }).type, 'json_schema');
  });

  test('withStructuredOutput by a call', async () => {
    // Its context is small: 512 tokens for the template, the schema and the call.
    const schema = Palette.pick({ colour: true });
    const chat = chatOf({ model: 'tools', maxTokens: 80 });
    const structured = chat.withStructuredOutput(schema, { method: 'functionCalling', name: 'palette' });
    assert.ok(schema.safeParse(await structured.invoke(messages)).success);
  });

  test('bindTools: a call, its result, and words', async () => {
    const asked = z.object({ day: z.enum(['today', 'tomorrow']) });
    const weather = tool(({ day }) => `rain ${day}`, {
      ...{ name: 'weather', description: 'Tells the weather.', schema: asked },
    });
    const chat = chatOf({ model: 'tools', maxTokens: 100 });
    const must = chat.bindTools([weather], { tool_choice: 'weather', parallel_tool_calls: false });
    const answer = await must.invoke(messages);
    const [call] = answer.tool_calls ?? [];
    assert.equal(call?.name, 'weather');
    assert.ok(asked.safeParse(call.args).success);

    let streamed: AIMessageChunk | undefined;
    for await (const chunk of await must.stream(messages)) streamed = streamed?.concat(chunk) ?? chunk;
    assert.deepEqual(
      streamed?.tool_calls?.map(({ args }) => args),
      [call.args],
    );

    const result: unknown = await weather.invoke(call);
    assert.ok(result instanceof ToolMessage);
    const next = chat.bindTools([weather], { tool_choice: 'none' });
    const words = await next.invoke([...messages, answer, result]);
    assert.ok(words instanceof AIMessage);
    assert.deepEqual(words.tool_calls, []);
    const sent = tap.last.sent?.['messages'] as { role: string }[];
    assert.deepEqual(
      sent.slice(2).map(({ role }) => role),
      ['assistant', 'tool'],
    );
  });

  test('a stream that is left is given up; errors are of the SDK’s classes', async () => {
    const abort = new AbortController();
    const before = (await glossa.idle('sprout')).generated_tokens;
    const endless = chatOf({ maxTokens: 400, n: 128, modelKwargs: { ignore_eos: true } });
    await assert.rejects(async () => {
      for await (const { text } of await endless.stream(messages, { signal: abort.signal }))
        if (text !== '') abort.abort();
    });
    const { generated_tokens: generated } = await glossa.idle('sprout');
    assert.ok(generated > before && generated - before < (128 * 400) / 2, String(generated));

    const hot = chatOf({ temperature: 3 }).invoke(messages);
    await assert.rejects(hot, (error: Error) => 'status' in error && error.status === 400);
    const missing = chatOf({ model: 'no-such' }).invoke(messages);
    await assert.rejects(missing, (error: Error) => 'status' in error && error.status === 404);
    const long = chatOf().invoke('red '.repeat(5000));
    await assert.rejects(long, (error) => ContextOverflowError.isInstance(error));
    assert.equal(tap.exchanges.length, 4);
  });
});

describe('@langchain/openai: OpenAI', () => {
  test('invoke, stream and generate', async () => {
    const fields = { model: 'glossa-tales', maxTokens: 12, temperature: 0, ...connection() };
    const llm = new OpenAI(fields);
    const plain = await llm.invoke('The little dog');
    assert.ok(plain.length > 0);
    assert.deepEqual(tap.last.sent?.['prompt'], ['The little dog']);
    let text = '';
    for await (const chunk of await llm.stream('The little dog')) text += chunk;
    assert.equal(text, plain);
    const many = new OpenAI({ ...fields, temperature: 1, n: 2, bestOf: 3 });
    const { generations } = await many.generate(['The little dog', 'Once']);
    assert.deepEqual(
      generations.map((texts) => texts.length),
      [2, 2],
    );
  });
});

describe('@langchain/openai: OpenAIEmbeddings', () => {
  test('documents and a query', async () => {
    const embeddings = new OpenAIEmbeddings({ model: 'glossa-tales', ...connection() });
    const vectors = await embeddings.embedDocuments(['The little dog', 'A small cat']);
    const query = await embeddings.embedQuery('A small cat');
    assert.equal(vectors.length, 2);
    assert.equal(tap.last.sent?.['encoding_format'] ?? 'base64', 'base64');
    const product = query.reduce((sum, value, place) => sum + value * (vectors[1]?.[place] ?? 0), 0);
    assert.ok(Math.abs(Math.hypot(...query) - 1) < 1e-5 && product > 0.999, String(product));
    const numbers = new OpenAIEmbeddings({ model: 'glossa-tales', encodingFormat: 'float', ...connection() });
    assert.deepEqual(await numbers.embedQuery('A small cat'), query);
  });
});
