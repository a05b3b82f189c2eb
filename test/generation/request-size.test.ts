import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { generationRequestSchema, parseGenerationRequest } from '../../src/generation/request.js';

describe('huge and deep values', () => {
  const million = <T>(value: T): T[] => Array<T>(1_000_000).fill(value);
  const deep = (): unknown => {
    let value: unknown = 1;
    for (let depth = 0; depth < 200_000; depth += 1) value = [value];
    return value;
  };

  for (const name of Object.keys(generationRequestSchema.shape)) {
    test(`${name}: a million bad items, or 200,000 levels, are one short message`, () => {
      for (const value of [
        million('bad'),
        million([-1]),
        million(-1),
        deep(),
        'bad'.repeat(1_000_000) + '\0',
      ]) {
        const result = generationRequestSchema.safeParse({ prompt: 'a', [name]: value });
        assert.equal(result.error?.issues.length, 1);
        assert.ok((result.error.issues[0]?.message.length ?? 0) < 200);
      }
    });
  }

  test('a million good ids are a prompt', () => {
    assert.equal(parseGenerationRequest({ prompt: million(7) }).prompt.length, 1_000_000);
  });
});
