import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';

import { chatServer, contentOf, QUESTION, type Call, type ChatServer, type Chunk } from './chat-server.js';
import { CALLS } from './tool-calls.js';

const chatTemplate = readFileSync(
  new URL('../../../../test/chat/templates/hermes.jinja', import.meta.url),
  'utf8',
);

const weather = {
  type: 'function',
  function: {
    name: 'weather',
    description: 'The weather of a city',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
    strict: true,
  },
};
const now = { type: 'function', function: { name: 'now' } };
const TOOLS = { ...QUESTION, tools: [weather, now] };

function saying(...words: string[]): ChatServer {
  return chatServer({ script: () => words, info: { chatTemplate, contextSize: 10_000 } });
}

function callsIn(chunks: readonly Chunk[]): Call[] {
  const calls: { id: string; type: string; function: { name: string; arguments: string } }[] = [];
  for (const { delta } of chunks.flatMap(({ choices }) => choices)) {
    for (const { index = 0, id, type, function: called } of delta.tool_calls ?? []) {
      if (id !== undefined) {
        assert.equal(index, calls.length);
        calls.push({ id, type: type ?? '', function: { name: called.name ?? '', arguments: '' } });
      }
      const call = calls[index];
      assert.ok(call !== undefined);
      call.function.arguments += called.arguments;
    }
  }
  return calls;
}

const EXPECTED = [
  { type: 'function', function: { name: 'weather', arguments: { city: 'Ulm' } } },
  { type: 'function', function: { name: 'now', arguments: {} } },
];

function withoutIds(calls: readonly Call[]): unknown[] {
  assert.equal(new Set(calls.map(({ id }) => id)).size, calls.length);
  return calls.map(({ type, function: called }) => ({
    type,
    function: { name: called.name, arguments: JSON.parse(called.arguments) as unknown },
  }));
}

describe('tool calls', () => {
  test('are told apart from text', async () => {
    const { choices } = await saying(...CALLS).answer(TOOLS);
    assert.equal(choices[0]?.finish_reason, 'tool_calls');
    assert.equal(choices[0].message.content, null);
    assert.deepEqual(withoutIds(choices[0].message.tool_calls ?? []), EXPECTED);
  });

  test('may follow text', async () => {
    const { choices } = await saying('Let', ' me', ' see.', '\n', ...CALLS).answer(TOOLS);
    assert.equal(choices[0]?.message.content?.trim(), 'Let me see.');
    assert.deepEqual(withoutIds(choices[0].message.tool_calls ?? []), EXPECTED);
  });

  test('are streamed: the name first, then the arguments', async () => {
    const chunks = await saying(...CALLS).chunks(TOOLS);
    assert.deepEqual(withoutIds(callsIn(chunks)), EXPECTED);
    assert.equal(contentOf(chunks), '');
    const ends = chunks.flatMap(({ choices }) => choices.map((choice) => choice.finish_reason));
    assert.deepEqual(
      ends.filter((end) => end !== null),
      ['tool_calls'],
    );
  });

  test('of several choices do not mix', async () => {
    const chunks = await saying(...CALLS).chunks({ ...TOOLS, n: 2 });
    for (const index of [0, 1]) {
      const own = chunks.map((chunk) => ({
        ...chunk,
        choices: chunk.choices.filter((choice) => choice.index === index),
      }));
      assert.deepEqual(withoutIds(callsIn(own)), EXPECTED);
    }
  });

  test('that are cut off end with length, and what there is of their arguments', async () => {
    const body = { ...TOOLS, max_tokens: 3 };
    const { choices } = await saying(...CALLS).answer(body);
    const [call] = choices[0]?.message.tool_calls ?? [];
    assert.equal(choices[0]?.finish_reason, 'length');
    assert.equal(call?.function.name, 'weather');
    assert.equal(call.function.arguments, '{"city"');
    assert.equal(callsIn(await saying(...CALLS).chunks(body))[0]?.function.arguments, '{"city"');
  });

  test('that are wanted leave a response_format without effect, and the answer says so', async () => {
    const response_format = { type: 'json_object' };
    const server = saying(...CALLS);
    for (const tool_choice of ['required', { type: 'function', function: { name: 'now' } }])
      assert.equal(await server.ignoredIn({ ...TOOLS, tool_choice, response_format }), 'response_format');
    assert.equal(await server.ignoredIn({ ...TOOLS, response_format }), null);
    assert.equal(await server.ignoredIn({ ...TOOLS, tool_choice: 'required' }), null);
  });

  test('that are cut off before their name are no content', async () => {
    const pieces = [
      '<tool',
      '_call>\n',
      '{"name": "wea',
      'ther", "arguments": {}}',
      '\n</tool_call>\n',
      '<tool_',
    ];
    for (let max_tokens = 1; max_tokens <= pieces.length; max_tokens += 1) {
      const body = { ...TOOLS, tool_choice: 'required', max_tokens };
      const [choice] = (await saying(...pieces).answer(body)).choices;
      assert.equal(choice?.finish_reason, 'length');
      assert.equal(choice.message.content ?? '', '', String(max_tokens));
      assert.equal(choice.message.tool_calls?.length ?? 0, max_tokens < 4 ? 0 : 1);
      assert.equal(contentOf(await saying(...pieces).chunks(body)), '');
      // What may be text or a call is content until the marker is whole.
      const auto = await saying(...pieces).answer({ ...TOOLS, max_tokens });
      assert.equal(auto.choices[0]?.message.content ?? '', max_tokens === 1 ? '<tool' : '');
    }
  });

  test('that end before their name are no content either', async () => {
    const body = { ...TOOLS, tool_choice: 'required' };
    const [choice] = (await saying('<tool_call>\n', '{"name": "', '<eos>').answer(body)).choices;
    assert.deepEqual([choice?.finish_reason, choice?.message.content], ['stop', '']);
  });

  test('obey a grammar where they must come, or where the answer is to be JSON', async () => {
    const server = saying(...CALLS);
    assert.notEqual((await server.requestFor({ ...TOOLS, tool_choice: 'required' })).grammar, undefined);
    const named = { type: 'function', function: { name: 'now' } };
    const { grammar } = await server.requestFor({ ...TOOLS, tool_choice: named });
    assert.match(grammar ?? '', /now/);
    assert.doesNotMatch(grammar ?? '', /weather/);
    assert.equal((await server.requestFor({ ...TOOLS, tool_choice: 'none' })).grammar, undefined);
  });

  test('with tool_choice none are text, and the model is told of no tools', async () => {
    const server = saying('<tool_call>', '<eos>');
    const { choices } = await server.answer({ ...TOOLS, tool_choice: 'none' });
    assert.equal(choices[0]?.message.content, '<tool_call>');
    assert.equal(choices[0].finish_reason, 'stop');
    assert.ok(!server.engine.tokenized.some((text) => text.includes('weather')));
  });

  test('and their results come to the template', async () => {
    const server = saying(...CALLS);
    const { choices } = await server.answer(TOOLS);
    const message = choices[0]?.message;
    const results = (message?.tool_calls ?? []).map(({ id }, index) => ({
      role: 'tool',
      tool_call_id: id,
      content: `result ${index}`,
    }));
    await server.answer({ ...TOOLS, messages: [...QUESTION.messages, message, ...results] });
    assert.match(server.engine.tokenized.at(-1) ?? '', /Ulm[^]*result 0[^]*result 1/);
  });

  test('of a model whose template knows none are refused by name', async () => {
    const refusal = await chatServer().refusal(TOOLS);
    assert.deepEqual([refusal.status, refusal.param], [400, 'tools']);
  });
});

describe('schemas', () => {
  test('of an answer become its grammar', async () => {
    const server = saying('{}', '<eos>');
    const schema = { type: 'object', properties: { abc: { type: 'number' } }, required: ['abc'] };
    const json_schema = { name: 'a', schema };
    for (const strict of [true, false, null]) {
      const response_format = { type: 'json_schema', json_schema: { ...json_schema, strict } };
      assert.match((await server.requestFor({ ...QUESTION, response_format })).grammar ?? '', /abc/);
    }
    const any = await server.requestFor({ ...QUESTION, response_format: { type: 'json_object' } });
    assert.match(any.grammar ?? '', /root/);
    const text = await server.requestFor({ ...QUESTION, response_format: { type: 'text' } });
    assert.equal(text.grammar, undefined);
  });

  test('that can not be kept to are refused, and the message says where', async () => {
    const schema = { type: 'object', properties: { a: { type: 'nothing' } } };
    const response_format = { type: 'json_schema', json_schema: { name: 'a', schema } };
    const refusal = await saying('a').refusal({ ...QUESTION, response_format });
    assert.equal(refusal.status, 400);
    assert.match(refusal.param ?? '', /^response_format\.json_schema\.schema/);
    assert.match(refusal.message, /^response_format\.json_schema\.schema: .*properties\/a/);
    const tool = { type: 'function', function: { name: 'f', parameters: schema } };
    const toolRefusal = await saying('a').refusal({ ...QUESTION, tools: [now, tool] });
    assert.equal(toolRefusal.status, 400);
    assert.match(toolRefusal.message, /parameters: .*properties\/a/);
  });

  test('of 100,000 levels are refused, and the next request is answered', async () => {
    const deep = `${'{"items":'.repeat(100_000)}{}${'}'.repeat(100_000)}`;
    const server = saying('a', '<eos>');
    const question = JSON.stringify(QUESTION).slice(0, -1);
    for (const field of [
      `"tools":[{"type":"function","function":{"name":"f","parameters":${deep}}}]`,
      `"response_format":{"type":"json_schema","json_schema":{"name":"a","schema":${deep}}}`,
      `"chat_template_kwargs":{"deep":${deep}}`,
    ]) {
      const refusal = await server.refusal(`${question},${field}}`);
      assert.equal(refusal.status, 400, refusal.message);
      assert.ok(refusal.message.length < 1000);
    }
    assert.equal((await server.answer(QUESTION)).choices.length, 1);
  });
});
