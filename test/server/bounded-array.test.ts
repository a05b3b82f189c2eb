import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { z } from 'zod';

import { firstProblem } from '../../src/schema-issues.js';
import { boundedArray, textOrArray } from '../../src/server/bounded-array.js';

/** A schema for 2 to 1,000 small numbers in objects, and how many elements it has looked at. */
function counting(): { schema: z.ZodType<readonly { a: number }[]>; looks: () => number } {
  let count = 0;
  const element = z.preprocess(
    (value) => {
      count += 1;
      return value;
    },
    z.object({ a: z.number().max(9) }),
  );
  return { schema: boundedArray(element, { least: 2, most: 1000, of: 'number' }), looks: () => count };
}

const good = (length: number): object[] => Array.from({ length }, (_, a) => ({ a: a % 10 }));

describe('boundedArray', () => {
  test('gives all elements of an array within its bounds', () => {
    const { schema, looks } = counting();
    assert.deepEqual(schema.parse(good(2)), [{ a: 0 }, { a: 1 }]);
    assert.equal(schema.parse(good(1000)).length, 1000);
    assert.equal(looks(), 1002);
  });

  test('looks at no element of one that is too short, too long or none', () => {
    const { schema, looks } = counting();
    const cases: readonly [unknown, string][] = [
      [good(1), 'expected at least 2 numbers'],
      [good(1001), 'expected at most 1000 numbers'],
      [Array(1001).fill('wrong'), 'expected at most 1000 numbers'],
      [{ length: 2 }, 'expected an array'],
      ['text', 'expected an array'],
      [undefined, 'expected an array'],
    ];
    for (const [given, message] of cases) {
      const { error } = schema.safeParse(given);
      assert.deepEqual(
        error?.issues.map((issue) => issue.message),
        [message],
      );
    }
    assert.equal(looks(), 0);
  });

  test('looks at no element behind the first that is wrong, and says where that is', () => {
    const { schema, looks } = counting();
    const { error } = schema.safeParse([{ a: 1 }, { a: 2 }, ...Array<object>(900).fill({ a: 10 })]);
    assert.ok(error);
    assert.equal(error.issues.length, 1);
    assert.equal(looks(), 3);
    assert.deepEqual(firstProblem(error).path, [2, 'a']);
  });

  test('or one text: the refusal is about the one that was meant', () => {
    const { schema, looks } = counting();
    const either = z.object({ field: textOrArray(z.string().max(5, 'too long'), schema) });
    const wrong = either.safeParse({ field: [{ a: 1 }, { a: 'x' }] }).error;
    assert.ok(wrong);
    assert.deepEqual(firstProblem(wrong).path, ['field', 1, 'a']);
    assert.deepEqual(either.parse({ field: 'text' }), { field: 'text' });
    const long = either.safeParse({ field: 'a long text' }).error;
    assert.ok(long);
    assert.equal(firstProblem(long).message, 'too long');
    assert.equal(looks(), 2);
    const neither = either.safeParse({ field: 5 }).error;
    assert.ok(neither);
    assert.equal(firstProblem(neither).message, 'expected a string or an array');
  });
});
