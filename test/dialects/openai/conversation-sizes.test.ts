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
