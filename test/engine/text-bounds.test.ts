import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { splitPrompt } from '../../src/engine/split-prompt.js';
import { checkMayFit, endWithTokens, leastTokens } from '../../src/engine/text-bounds.js';
import { FakeEngine } from '../fakes/engine.js';
import { hasCode } from './conformance.js';

const INFO = { contextSize: 10, longestTokenBytes: 4 };
const UNKNOWN = { ...INFO, longestTokenBytes: 0 };

describe('the tokens that a text has at least', () => {
  test('are told by its bytes, lone surrogates as U+FFFD', () => {
    const counts = ['', 'a', 'abcd', 'abcde', '€€', '😀😀', '\uD800\uD800'].map((text) =>
      leastTokens(text, INFO),
    );
    assert.deepEqual(counts, [0, 1, 1, 2, 2, 2, 2]);
    assert.equal(leastTokens('abcde', UNKNOWN), 0);
  });

  test('refuse a text from the first byte too many on', () => {
    checkMayFit('a'.repeat(40), INFO, 'input');
    checkMayFit('a'.repeat(1e6), UNKNOWN, 'input');
    for (const [text, least] of [
      ['a'.repeat(41), 11],
      ['😀'.repeat(20), 20],
    ] as const) {
      assert.throws(
        () => {
          checkMayFit(text, INFO, 'input');
        },
        (error: Error) => {
          assert.equal(error.message, `input: at least ${least} tokens exceed the context of 10 tokens`);
          return hasCode('CONTEXT_OVERFLOW', 'input')(error);
        },
      );
    }
  });
});

describe('the end of a text', () => {
  test('has room for the wanted tokens and 4,096 code units before them', () => {
    assert.equal(endWithTokens('a'.repeat(9999), 10, INFO).length, 4136);
    assert.equal(endWithTokens('a'.repeat(4136), 10, INFO).length, 4136);
    assert.equal(endWithTokens('a'.repeat(9999), Infinity, INFO).length, 9999);
    assert.equal(endWithTokens('a'.repeat(9999), 10, UNKNOWN).length, 9999);
    assert.equal(endWithTokens('a'.repeat(9999), 0, INFO).length, 4096);
  });

  test('does not begin inside a surrogate pair', () => {
    const text = '😀'.repeat(5000);
    assert.equal(endWithTokens(text, 10, INFO), text.slice(-4136));
    assert.equal(endWithTokens(`${text}a`, 10, INFO), `${text}a`.slice(-4137));
    // Half a pair by itself stays where it is.
    assert.equal(endWithTokens('\uDE00'.repeat(5000), 10, INFO).length, 4136);
  });

  test('is what a prompt that may be cut is tokenized of', async () => {
    const engine = new FakeEngine({ info: INFO });
    const text = `${'a'.repeat(9999)} b`;
    assert.equal((await splitPrompt(engine, text, { wanted: 10 })).tokens.length, 2);
    await splitPrompt(engine, text);
    assert.deepEqual(
      engine.tokenized.map((each) => each.length),
      [0, 4136, 0, 10_001],
    );
  });

  test('is not looked at for a client that has left', async () => {
    const engine = new FakeEngine({ info: INFO });
    await assert.rejects(splitPrompt(engine, 'a', { signal: AbortSignal.abort() }), hasCode('CANCELLED'));
    assert.deepEqual(engine.tokenized, ['']);
  });
});
