import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { parseChat } from '../../../src/dialects/openai/chat/schema.js';
import type { JsonObject } from '../../../src/server/json-body.js';
import { chatServer, QUESTION } from './chat-server.js';

const MILLION = 1_000_000;
const user = { role: 'user', content: 'A' };
const many = (item: unknown, count = MILLION): unknown[] => Array<unknown>(count).fill(item);
const oneHundredThousand: JsonObject = Object.fromEntries(
  Array.from({ length: 100_000 }, (_, index) => [`k${index}`, 0]),
);
const keys = (): JsonObject => oneHundredThousand;

function nested(depth: number, text: string): unknown {
  return JSON.parse(`${text.repeat(depth)}0${text.startsWith('[') ? ']'.repeat(depth) : '}'.repeat(depth)}`);
}

/** Bodies beside the question, and the message that they are refused with. */
const HUGE: readonly (readonly [what: string, body: () => JsonObject, message: RegExp])[] = [
  ['messages', () => ({ messages: many(user) }), /^messages: expected at most 4096 messages$/],
  ['wrong messages', () => ({ messages: many(0, 4096) }), /^messages\[0\]: expected an object$/],
  ['fields', keys, /^unknown field k0/],
  [
    'fields of a message',
    () => ({ messages: [{ ...user, ...keys() }] }),
    /^messages\[0\]\.k0: unknown field/,
  ],
  [
    'parts',
    () => ({ messages: [{ role: 'user', content: many({ type: 'text', text: 'A' }) }] }),
    /^messages\[0\]\.content: expected at most 4096 parts$/,
  ],
  [
    'fields of a part',
    () => ({ messages: [{ role: 'user', content: [{ type: 'text', text: 'A', ...keys() }] }] }),
    /^messages\[0\]\.content\[0\]\.k0: unknown field/,
  ],
  [
    'tool calls',
    () => ({ messages: [{ role: 'assistant', content: null, tool_calls: many({}) }] }),
    /^messages\[0\]\.tool_calls: expected at most 128 tool calls$/,
  ],
  ['tools', () => ({ tools: many({}) }), /^tools: expected at most 128 tools$/],
  ['fields of a tool', () => ({ tools: [keys()] }), /^tools\[0\]\.k0: unknown field/],
  ['fields of a choice', () => ({ tool_choice: keys() }), /^tool_choice\.type: expected "function"$/],
  [
    'fields of a format',
    () => ({ response_format: { type: 'text', ...keys() } }),
    /^response_format\.k0: unknown field/,
  ],
  [
    'fields of options',
    () => ({ stream: true, stream_options: keys() }),
    /^stream_options.k0: unknown field/,
  ],
  ['stops', () => ({ stop: many('a') }), /^stop: expected at most 16/],
  [
    'biases',
    () => ({ logit_bias: keys() }),
    /^logit_bias: expected token ids as keys, without leading zeros$/,
  ],
  ['values of what must be neutral', () => ({ modalities: many('text') }), /^modalities: expected/],
  ['levels of what must be neutral', () => ({ prediction: nested(100_000, '[') }), /^prediction: expected/],
  [
    'levels of arguments',
    () => {
      const called = { name: 'f', arguments: '['.repeat(MILLION) };
      const call = { id: 'a', type: 'function', function: called };
      return { messages: [{ role: 'assistant', content: null, tool_calls: [call] }] };
    },
    /arguments: expected at most 262144 characters$/,
  ],
  ['characters of a name', () => ({ messages: [{ ...user, name: 'a'.repeat(8 * MILLION) }], n: 0 }), /^n: /],
  [
    'characters of a role',
    () => ({ messages: [{ role: 'a'.repeat(8 * MILLION) }] }),
    /role: expected system/,
  ],
  ['characters of a field', () => ({ ['a'.repeat(8 * MILLION)]: 1 }), /^unknown field a{64}$/],
];

describe('far too many of', () => {
  for (const [what, body, message] of HUGE) {
    test(`${what} are refused at the first fault, in few words`, () => {
      const given = { ...QUESTION, ...body() };
      assert.throws(
        () => parseChat(given),
        (error: Error) => {
          assert.match(error.message, message);
          assert.ok(error.message.length < 300);
          return true;
        },
      );
    });
  }
});

describe('a large conversation', () => {
  test('of 8 MB of text is refused with its size, and the next one is answered', async () => {
    const server = chatServer({ script: () => [' a', '<eos>'], info: { longestTokenBytes: 8 } });
    const { status, code, param } = await server.refusal({
      messages: [{ role: 'user', content: 'a '.repeat(4 * MILLION) }],
    });
    assert.deepEqual([status, code, param], [400, 'context_length_exceeded', 'messages']);
    // It was not even tokenized.
    assert.ok(server.engine.tokenized.every((text) => text.length < 1000));
    assert.equal((await server.answer(QUESTION)).choices.length, 1);
  });

  test('has up to 4,096 messages, parts and 128 tools', () => {
    const part = { type: 'text', text: 'A' };
    const body = {
      messages: [...many(user, 4095), { role: 'user', content: many(part, 4096) }],
      tools: Array.from({ length: 128 }, (_, index) => ({
        type: 'function',
        function: { name: `f${index}` },
      })),
    };
    const { chat } = parseChat(body);
    assert.equal(chat.messages.length, 4096);
    assert.equal(chat.messages.at(-1)?.content, 'A'.repeat(4096));
    assert.equal(chat.tools.length, 128);
  });
});
