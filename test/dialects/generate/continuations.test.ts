import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import {
  continuationKey,
  Continuations,
  type Continuation,
} from '../../../src/dialects/generate/continuations.js';
import { derivedSeed, promptSeed, ServerSeeds } from '../../../src/dialects/generate/seeds.js';
import { testConfiguration } from '../../fakes/server.js';

const some: Continuation = { model: 'm', rows: [], config: {}, seed: 1 };

function store(limit: number, ttlSeconds: number): { kept: Continuations; clock: { now: number } } {
  const clock = { now: 0 };
  return { kept: new Continuations({ limit, ttlSeconds }, () => clock.now), clock };
}

describe('Continuations', () => {
  test('are kept for a time after the last use', () => {
    const { kept, clock } = store(10, 3600);
    kept.keep('a', some);
    clock.now = 3_599_999;
    assert.ok(kept.find('a'));
    kept.keep('a', some);
    clock.now += 3_599_999;
    assert.ok(kept.find('a'));
    clock.now += 1;
    assert.equal(kept.find('a'), undefined);
    assert.equal(kept.size, 0);
  });

  test('give up what was used least recently beyond their limit', () => {
    const { kept } = store(2, 3600);
    for (const key of ['a', 'b', 'a', 'c']) kept.keep(key, some);
    assert.deepEqual(
      ['a', 'b', 'c'].map((key) => kept.find(key) !== undefined),
      [true, false, true],
    );
  });

  test('stay within their limit, and what has expired does not count', () => {
    const { kept, clock } = store(3, 1);
    for (let index = 0; index < 1000; index += 1) {
      kept.keep(`${index}`, some);
      assert.ok(kept.size <= 3);
    }
    clock.now = 1000;
    kept.keep('new', some);
    assert.equal(kept.size, 1);
  });

  /** What one of so many token ids is kept as. */
  const sized = (tokens: number, rows = 1): Continuation => {
    const tokenIds = new Int32Array(tokens);
    return {
      ...some,
      rows: Array.from({ length: rows }, () => ({ tokenIds, generated: 0, hasEnded: false })),
    };
  };
  const keptOf = (kept: Continuations, keys: readonly string[]): string[] =>
    keys.filter((key) => kept.find(key) !== undefined);

  test('give up what was used least recently beyond 1,024 token ids for each that there may be', () => {
    const { kept } = store(2048, 3600);
    for (const key of ['a', 'b', 'a']) kept.keep(key, sized(2 ** 20 - 1000));
    assert.deepEqual(keptOf(kept, ['a', 'b']), ['a', 'b']);
    kept.keep('c', sized(2000));
    assert.deepEqual(keptOf(kept, ['a', 'b', 'c']), ['a', 'c']);
  });

  test('count what was dropped, replaced or has expired no more', () => {
    const { kept, clock } = store(3, 1);
    for (let index = 0; index < 5; index += 1) kept.keep('same', sized(600_000));
    kept.drop('same');
    kept.keep('a', sized(500_000));
    clock.now = 1000;
    for (const key of ['b', 'c']) kept.keep(key, sized(500_000));
    assert.deepEqual(keptOf(kept, ['b', 'c']), ['b', 'c']);
  });

  test('few may hold 2^20 token ids together, and the newest any number', () => {
    const { kept } = store(2, 3600);
    for (const key of ['a', 'b']) kept.keep(key, sized(500_000));
    assert.deepEqual(keptOf(kept, ['a', 'b']), ['a', 'b']);
    kept.keep('big', sized(100_000, 256));
    assert.deepEqual(keptOf(kept, ['a', 'b', 'big']), ['big']);
    kept.keep('small', sized(1));
    assert.deepEqual(keptOf(kept, ['big', 'small']), ['small']);
  });

  test('of many short rows count for more than their token ids', () => {
    const { kept } = store(1024, 3600);
    for (let index = 0; index < 1024; index += 1) kept.keep(`${index}`, sized(1, 256));
    assert.ok(kept.size < 70, `${kept.size}`);
  });

  test('are 16,384 at most, each for an hour, where nothing is set', () => {
    const { continuationLimit, continuationTtl } = testConfiguration().settings;
    const { kept, clock } = store(continuationLimit, continuationTtl);
    for (let index = 0; index <= 16_384; index += 1) kept.keep(`${index}`, some);
    assert.deepEqual([kept.find('0'), kept.size], [undefined, 16_384]);
    clock.now = 3_599_999;
    assert.ok(kept.find('1'));
    clock.now = 3_600_000;
    assert.equal(kept.find('1'), undefined);
  });

  test('are named by owner and ordered ids, whatever these hold', () => {
    const keys = [
      continuationKey('', ['a', 'b']),
      continuationKey('', ['b', 'a']),
      continuationKey('a', ['b']),
      continuationKey('', ['a-b']),
      continuationKey('', ['a","b']),
      continuationKey('', ['a']),
    ];
    assert.equal(new Set(keys).size, keys.length);
    assert.equal(continuationKey('', ['a', 'b']), keys[0]);
  });
});

describe('seeds', () => {
  test('follow from others as documented', () => {
    // printf '42:0' | sha256sum
    assert.equal(derivedSeed(42, 0), 0x547345cae1ce);
    assert.equal(new ServerSeeds(42).next(), derivedSeed(42, 0));
    assert.equal(promptSeed(7, 0), 7);
    assert.equal(promptSeed(7, 1), derivedSeed(7, 1));
  });

  test('are what requests may hold', () => {
    for (let index = 0; index < 1000; index += 1)
      assert.ok(Number.isSafeInteger(derivedSeed(42, index)) && derivedSeed(42, index) >= 0);
  });
});
