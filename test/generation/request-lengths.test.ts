import assert from 'node:assert/strict';
import { test } from 'node:test';

import { resolveMaxNewTokens } from '../../src/generation/request-lengths.js';
import { hasCode } from '../engine/conformance.js';

const cases: readonly [string, Parameters<typeof resolveMaxNewTokens>, number][] = [
  ['maxNewTokens counts', [{ maxNewTokens: 7 }, 5, 100], 7],
  ['maxNewTokens goes before maxLength', [{ maxNewTokens: 7, maxLength: 4 }, 5, 100], 7],
  ['maxLength counts the prompt', [{ maxLength: 12 }, 5, 100], 7],
  ['maxLength may leave room for one token', [{ maxLength: 6 }, 5, 100], 1],
  ['without both it is 20', [{}, 5, 100], 20],
  ['without both the context is a limit', [{}, 90, 100], 10],
  ['a prompt that fills the context leaves the refusal to the context', [{}, 100, 100], 20],
];
for (const [what, input, expected] of cases) {
  test(what, () => {
    assert.equal(resolveMaxNewTokens(...input), expected);
  });
}

test('a maxLength that the prompt fills is refused', () => {
  for (const promptTokens of [12, 13]) {
    assert.throws(
      () => resolveMaxNewTokens({ maxLength: 12 }, promptTokens, 100),
      (error: Error) => {
        assert.equal(
          error.message,
          `maxLength: expected more than the ${promptTokens} tokens of the prompt, received 12`,
        );
        return hasCode('INVALID_REQUEST', 'maxLength')(error);
      },
    );
  }
});
