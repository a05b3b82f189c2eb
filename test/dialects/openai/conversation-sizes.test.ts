import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { parseChat } from '../../../src/dialects/openai/chat/schema.js';
import { parseResponse } from '../../../src/dialects/openai/responses/schema.js';
import type { JsonObject } from '../../../src/server/json-body.js';

const chat = (more: JsonObject): void => {
  parseChat({ messages: [{ role: 'user', content: 'A' }], ...more });
};
const response = (more: JsonObject): void => {
  parseResponse({ input: 'A', ...more });
};

describe('chat_template_kwargs hold', () => {
  for (const [route, parse] of [['chat', chat] as const, ['responses', response] as const]) {
    const isRefused = (given: unknown, message: RegExp): void => {
      assert.throws(() => {
        parse({ chat_template_kwargs: given });
      }, message);
    };

    test(`${route}: 1,000 values in all`, () => {
      parse({ chat_template_kwargs: { a: Array<number>(499).fill(1), b: Array<number>(499).fill(1) } });
      isRefused(
        { a: Array<number>(500).fill(1), b: Array<number>(499).fill(1) },
        /^GlossaError: chat_template_kwargs: expected at most 1000 values in all$/,
      );
      isRefused({ a: Array<number>(1_000_000).fill(1) }, /at most 1000 values/);
      isRefused(Object.fromEntries(Array.from({ length: 1001 }, (_, key) => [key, 1])), /1000 values/);
    });

    test(`${route}: 65,536 characters in all, names among them`, () => {
      parse({ chat_template_kwargs: { a: 'x'.repeat(65_535) } });
      isRefused(
        { a: 'x'.repeat(65_536) },
        /^GlossaError: chat_template_kwargs: expected at most 65536 characters/,
      );
      isRefused({ a: { ['x'.repeat(70_000)]: 1 } }, /65536 characters/);
    });
  }
});

describe('the arguments of calls hold', () => {
  const inChat = (...texts: string[]): void => {
    const calls = texts.map((text, index) => ({
      ...{ id: `c${index}`, type: 'function' },
      function: { name: 'f', arguments: text },
    }));
    const answers = calls.map(({ id }) => ({ role: 'tool', tool_call_id: id, content: 'A' }));
    parseChat({ messages: [{ role: 'assistant', content: null, tool_calls: calls }, ...answers] });
  };
  const inResponse = (...texts: string[]): void => {
    const calls = texts.map((text, index) => ({
      ...{ type: 'function_call', call_id: `c${index}`, name: 'f', arguments: text },
    }));
    const answers = calls.map((call) => ({
      ...{ type: 'function_call_output', call_id: call.call_id, output: 'A' },
    }));
    parseResponse({ input: [...calls, ...answers] });
  };
  const keys = (count: number): string =>
    `{${Array.from({ length: count }, (_, index) => `"${index}":1`).join(',')}}`;
  const routes = [
    ['chat', inChat, 'messages[0].tool_calls[N].function.arguments'],
    ['responses', inResponse, 'input[N].arguments'],
  ] as const;
  for (const [route, send, param] of routes) {
    const isRefused = (texts: string[], number: number, reason: string): void => {
      const name = param.replace('N', `${number}`);
      assert.throws(
        () => {
          send(...texts);
        },
        { code: 'INVALID_REQUEST', param: name, message: `${name}: ${reason}` },
      );
    };

    test(`${route}: 262,144 characters each`, () => {
      const text = (length: number): string => `{"a":"${'x'.repeat(length - 8)}"}`;
      send(text(262_144), text(262_144));
      isRefused([text(262_144), text(262_145)], 1, 'expected at most 262144 characters');
    });

    test(`${route}: 30,000 keys together`, () => {
      send(keys(15_000), keys(15_000));
      const reason = 'expected less JSON: with the calls before it, it holds more than 30000 keys';
      isRefused([keys(15_000), keys(15_000), '{"a":1}'], 2, reason);
    });

    test(`${route}: 1,000 levels`, () => {
      const reason = 'expected less JSON: with the calls before it, it is nested deeper than 1000';
      isRefused(['{"a":'.repeat(1001)], 0, reason);
    });
  }
});
