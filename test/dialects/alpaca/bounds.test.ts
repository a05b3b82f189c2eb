import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { z } from 'zod';

import { chatSchema, embeddingsSchema, parseBody } from '../../../src/dialects/alpaca/schema.js';
import type { JsonObject } from '../../../src/server/json-body.js';
import { ownServer } from './own-server.js';

/** An array that counts how often one of its elements is taken. */
function counted(items: readonly unknown[]): { array: unknown[]; looks: () => number } {
  let looks = 0;
  const array = new Proxy([...items], {
    get: (target, key) => {
      if (typeof key === 'string' && /^\d+$/.test(key)) looks += 1;
      return Reflect.get(target, key) as unknown;
    },
  });
  return { array, looks: () => looks };
}

const message = { role: 'user', message: 'A' };

const cases: readonly (readonly [field: string, schema: z.ZodObject, body: JsonObject, most: number])[] = [
  ['messages', chatSchema, {}, 4096],
  ['stop', chatSchema, { messages: [message] }, 16],
  ['input', embeddingsSchema, {}, 2048],
];

describe('a long list costs no more than a short one', () => {
  for (const [field, schema, body, most] of cases) {
    test(`${field}: of one that is too long no element is looked at`, () => {
      const { array, looks } = counted(Array(most + 1).fill({}));
      assert.throws(
        () => parseBody(schema, { ...body, [field]: array }),
        (error: Error) => error.message.includes(`expected at most ${most} `),
      );
      assert.equal(looks(), 0);
    });

    test(`${field}: the first wrong element is the last that is looked at`, () => {
      const { array, looks } = counted(Array(most).fill({}));
      assert.throws(
        () => parseBody(schema, { ...body, [field]: array }),
        new RegExp(`^GlossaError: ${field}`),
      );
      assert.equal(looks(), 1);
    });
  }
});

test('a conversation has up to 4,096 messages', async () => {
  const server = ownServer({}, { contextSize: '100000' });
  const answer = async (count: number): Promise<string> => {
    const messages = Array.from({ length: count }, () => ({ role: 'system', message: 'A' }));
    return await (await server.post('/v1/chat/completions', { messages })).text();
  };
  assert.equal(await answer(4097), '{"detail":"messages: expected at most 4096 messages"}');
  assert.doesNotMatch(await answer(4096), /expected at most 4096/);
});
