import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';

import {
  INPUT,
  responsesServer,
  textOf,
  type Event,
  type Item,
  type ResponsesServer,
} from './responses-server.js';
import { CALLS } from './tool-calls.js';

const chatTemplate = readFileSync(
  new URL('../../../../test/chat/templates/hermes.jinja', import.meta.url),
  'utf8',
);

const weather = {
  type: 'function',
  name: 'weather',
  description: 'The weather of a city',
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  strict: true,
};
const now = { type: 'function', name: 'now' };
const TOOLS = { ...INPUT, tools: [weather, now] };

function saying(...words: string[]): ResponsesServer {
  return responsesServer({ script: () => words, info: { chatTemplate, contextSize: 10_000 } });
}

const EXPECTED = [
  { type: 'function_call', status: 'completed', name: 'weather', arguments: { city: 'Ulm' } },
  { type: 'function_call', status: 'completed', name: 'now', arguments: {} },
];

function withoutIds(items: readonly Item[]): unknown[] {
  for (const ids of [items.map(({ id }) => id), items.map(({ call_id: id }) => id)])
    assert.equal(new Set(ids).size, items.length);
  return items.map(({ type, status, name, arguments: text = '' }) => ({
    ...{ type, status, name },
    arguments: JSON.parse(text) as unknown,
  }));
}

/** What clients put together from the events alone. */
function itemsOf(events: readonly Event[]): Item[] {
  const items: (Item & { arguments?: string })[] = [];
  for (const { type, output_index: index = -1, item, delta = '', arguments: whole } of events) {
    if (type === 'response.output_item.added' && item !== undefined) {
      assert.equal(index, items.length);
      items.push({ ...item });
    }
    const current = items[index];
    if (type === 'response.function_call_arguments.delta' && current !== undefined)
      items[index] = { ...current, arguments: (current.arguments ?? '') + delta };
    if (type === 'response.function_call_arguments.done') assert.equal(current?.arguments, whole);
    if (type === 'response.output_item.done' && item?.type === 'function_call')
      assert.equal(item.arguments, current?.arguments);
    if (type === 'response.output_item.done' && item !== undefined) items[index] = item;
  }
  return items;
}

describe('function calls', () => {
  test('are items of their own', async () => {
    const { output, status } = await saying(...CALLS).answer(TOOLS);
    assert.equal(status, 'completed');
    assert.deepEqual(withoutIds(output), EXPECTED);
    for (const { id, call_id: callId } of output) {
      assert.match(id, /^fc_[0-9a-f]{32}$/);
      assert.match(callId ?? '', /^call_\w+$/);
    }
  });

  test('may follow text', async () => {
    const answer = await saying('Let', ' me', ' see.', '\n', ...CALLS).answer(TOOLS);
    const [message, ...calls] = answer.output;
    assert.deepEqual(
      [message?.type, message?.status, textOf(answer)],
      ['message', 'completed', 'Let me see.'],
    );
    assert.deepEqual(withoutIds(calls), EXPECTED);
  });

  test('are streamed with their arguments, one after the other', async () => {
    const events = await saying('See:', ...CALLS).events(TOOLS);
    const [message, ...calls] = itemsOf(events);
    assert.equal(message?.content?.[0]?.text, 'See:');
    assert.deepEqual(withoutIds(calls), EXPECTED);
    assert.deepEqual(events.at(-1)?.response?.output, [message, ...calls]);
    assert.ok(events.filter(({ type }) => type === 'response.function_call_arguments.delta').length > 2);
  });

  test('that are cut off are incomplete, with what there is of their arguments', async () => {
    const { output, status } = await saying(...CALLS).answer({ ...TOOLS, max_output_tokens: 3 });
    const [call, ...others] = output;
    assert.deepEqual(others, []);
    assert.deepEqual(
      [status, call?.status, call?.name, call?.arguments],
      ['incomplete', 'incomplete', 'weather', '{"city"'],
    );
  });

  test('that are wanted leave a format without effect, and the answer says so', async () => {
    const text = { format: { type: 'json_object' } };
    const server = saying(...CALLS);
    assert.equal(await server.ignoredIn({ ...TOOLS, tool_choice: 'required', text }), 'text.format');
    assert.equal(await server.ignoredIn({ ...TOOLS, text }), null);
  });

  test('and the settings of tools come back', async () => {
    const server = saying(...CALLS);
    const answer = await server.answer({ ...TOOLS, tool_choice: 'required', parallel_tool_calls: false });
    assert.deepEqual(
      [answer['tools'], answer['tool_choice'], answer['parallel_tool_calls']],
      [[weather, { ...now, description: null, parameters: null, strict: true }], 'required', false],
    );
    const tool_choice = { type: 'function', name: 'now' };
    assert.deepEqual((await server.answer({ ...TOOLS, tool_choice }))['tool_choice'], tool_choice);
  });

  test('obey a grammar where they must come', async () => {
    const server = saying(...CALLS);
    assert.notEqual((await server.requestFor({ ...TOOLS, tool_choice: 'required' })).grammar, undefined);
    const { grammar } = await server.requestFor({ ...TOOLS, tool_choice: { type: 'function', name: 'now' } });
    assert.match(grammar ?? '', /now/);
    assert.doesNotMatch(grammar ?? '', /weather/);
    const several = await server.requestFor({ ...TOOLS, tool_choice: 'required' });
    const one = await server.requestFor({ ...TOOLS, tool_choice: 'required', parallel_tool_calls: false });
    assert.notEqual(several.grammar, one.grammar);
  });

  test('with tool_choice none are text, and the model is told of no tools', async () => {
    const server = saying('<tool_call>', '<eos>');
    assert.equal(textOf(await server.answer({ ...TOOLS, tool_choice: 'none' })), '<tool_call>');
    assert.ok(!server.engine.tokenized.some((text) => text.includes('weather')));
  });

  test('and their outputs come to the template, as the answer gave the calls', async () => {
    const server = saying('See:', ...CALLS);
    const { output } = await server.answer(TOOLS);
    const results = output
      .filter(({ type }) => type === 'function_call')
      .map(({ call_id }, index) => ({ type: 'function_call_output', call_id, output: `result ${index}` }));
    const question = { role: 'user', content: 'A' };
    await server.answer({ ...TOOLS, input: [question, ...output, ...results] });
    const prompt = server.engine.tokenized.at(-1) ?? '';
    assert.match(prompt, /See:[^]*Ulm[^]*result 0[^]*result 1/);
    // Text and calls are one message of the assistant's; another is begun for the answer.
    assert.equal(prompt.split('<|im_start|>assistant').length, 3);
  });

  test('of a model whose template knows none are refused, and the item is named', async () => {
    const refusal = await responsesServer().refusal(TOOLS);
    assert.deepEqual([refusal.status, refusal.param], [400, 'tools']);
    const call = { type: 'function_call', call_id: 'a', name: 'f', arguments: '{}' };
    const input = [
      { role: 'user', content: 'A' },
      call,
      { type: 'function_call_output', call_id: 'a', output: '' },
    ];
    const { param, message } = await responsesServer().refusal({ instructions: 'B', input });
    assert.equal(param, 'input[1]');
    assert.match(message, /^input\[1\]: the chat template .* knows no tools/);
  });
});

describe('schemas', () => {
  test('of an answer become its grammar, strict or not', async () => {
    const server = saying('{}', '<eos>');
    const schema = { type: 'object', properties: { abc: { type: 'number' } }, required: ['abc'] };
    for (const strict of [true, false, null]) {
      const text = { format: { type: 'json_schema', name: 'a', schema, strict } };
      assert.match((await server.requestFor({ ...INPUT, text })).grammar ?? '', /abc/);
    }
    const any = await server.requestFor({ ...INPUT, text: { format: { type: 'json_object' } } });
    assert.match(any.grammar ?? '', /root/);
    for (const text of [undefined, null, {}, { format: null }, { format: { type: 'text' } }])
      assert.equal((await server.requestFor({ ...INPUT, text })).grammar, undefined);
  });

  test('that can not be kept to are refused by the names that they have here', async () => {
    const schema = { type: 'object', properties: { a: { type: 'nothing' } } };
    const text = { format: { type: 'json_schema', name: 'a', schema } };
    const refusal = await saying('a').refusal({ ...INPUT, text });
    assert.deepEqual([refusal.status, refusal.param], [400, 'text.format.schema']);
    assert.match(refusal.message, /^text\.format\.schema: .*properties\/a/);
    const tool = { type: 'function', name: 'f', parameters: schema };
    const ofTool = await saying('a').refusal({ ...INPUT, tools: [now, tool] });
    assert.deepEqual([ofTool.status, ofTool.param], [400, 'tools[1].parameters']);
    assert.match(ofTool.message, /^tools\[1\]\.parameters: .*properties\/a/);
  });

  test('of 100,000 levels are refused, and the next request is answered', async () => {
    const deep = `${'{"items":'.repeat(100_000)}{}${'}'.repeat(100_000)}`;
    const server = saying('a', '<eos>');
    for (const field of [
      `"tools":[{"type":"function","name":"f","parameters":${deep}}]`,
      `"text":{"format":{"type":"json_schema","name":"a","schema":${deep}}}`,
      `"chat_template_kwargs":{"deep":${deep}}`,
      `"metadata":{"deep":${deep}}`,
      `"reasoning":{"deep":${deep}}`,
    ]) {
      const refusal = await server.refusal(`{"input":"A",${field}}`);
      assert.equal(refusal.status, 400, refusal.message);
      assert.ok(refusal.message.length < 1000);
    }
    assert.equal(textOf(await server.answer(INPUT)), 'a');
  });
});
