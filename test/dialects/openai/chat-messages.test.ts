import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { chatServer, type ChatServer } from './chat-server.js';

const WORKS: ChatServer = chatServer({ script: () => [' a', '<eos>'], info: { contextSize: 100_000 } });

async function promptOf(...messages: unknown[]): Promise<string> {
  const request = await WORKS.requestFor({ messages });
  assert.ok(typeof request.prompt !== 'string');
  return WORKS.engine.words.decode(request.prompt);
}

const user = { role: 'user', content: 'A' };
const call = (id: string, args = '{}'): object => ({
  id,
  type: 'function',
  function: { name: 'f', arguments: args },
});
const calling = (...ids: string[]): object => ({
  role: 'assistant',
  content: null,
  tool_calls: ids.map((id) => call(id)),
});
const result = (id: string): object => ({ role: 'tool', tool_call_id: id, content: 'R' });

describe('messages', () => {
  test('come to the template in their order, in parts or whole', async () => {
    const parts = [
      { type: 'text', text: 'one ' },
      { type: 'text', text: 'two' },
    ];
    const text = await promptOf(
      { role: 'system', content: 'S' },
      { role: 'user', content: parts, name: 'Ada' },
      { role: 'assistant', content: 'B' },
      user,
    );
    assert.equal(text, 'system: S\nuser: one two\nassistant: B\nuser: A\nassistant:');
  });

  test('of the assistant may come back as clients got them', async () => {
    const sent = { role: 'assistant', content: 'B', refusal: null, annotations: [], audio: null };
    const more = { function_call: null, tool_calls: [], reasoning_content: null, parsed: { a: 1 } };
    const text = await promptOf(user, { ...sent, ...more }, user);
    assert.equal(text, 'user: A\nassistant: B\nuser: A\nassistant:');
  });

  test('of the assistant may be refusals', async () => {
    const refusal = [{ type: 'refusal', refusal: 'No.' }];
    for (const said of [{ content: refusal }, { content: null, refusal: 'No.' }, { refusal: 'No.' }]) {
      const text = await promptOf(user, { role: 'assistant', ...said }, user);
      assert.equal(text, 'user: A\nassistant: No.\nuser: A\nassistant:');
    }
  });
});

const NO_ANSWER = /^messages\[1\]\.tool_calls: expected a message of role tool for each of its tool_calls/;
const NO_CALL = /tool_call_id: expected the id of a tool call before it that has no answer yet$/;

describe('the order of messages', () => {
  const refused: readonly (readonly [what: string, messages: unknown[], param: string, message: RegExp])[] = [
    ['a tool that answers nothing', [user, result('a')], 'messages[1].tool_call_id', NO_CALL],
    ['a tool first', [result('a')], 'messages[0].tool_call_id', NO_CALL],
    ['another id', [user, calling('a'), result('b')], 'messages[2].tool_call_id', NO_CALL],
    [
      'two answers to one call',
      [user, calling('a'), result('a'), result('a')],
      'messages[3].tool_call_id',
      NO_CALL,
    ],
    [
      'an answer after the next message',
      [user, calling('a'), user, result('a')],
      'messages[1].tool_calls',
      NO_ANSWER,
    ],
    ['a call without an answer', [user, calling('a', 'b'), result('b')], 'messages[1].tool_calls', NO_ANSWER],
    [
      'two calls of one id',
      [user, calling('a', 'a'), result('a')],
      'messages[1].tool_calls',
      /expected ids that differ from each other$/,
    ],
  ];
  for (const [what, messages, param, message] of refused) {
    test(`${what} is refused`, async () => {
      const refusal = await WORKS.refusal({ messages });
      assert.deepEqual([refusal.status, refusal.param], [400, param]);
      assert.match(refusal.message, message);
    });
  }
});
