import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { GlossaError } from '../../src/errors.js';
import { KeyUsage } from '../../src/models/key-usage.js';
import { SlidingMinute } from '../../src/models/sliding-minute.js';

const WHAT = { param: 'prompt', words: 'it' };

/** Seconds after which a refusal says to come again. */
function retryAfter(ask: () => unknown): number | undefined {
  try {
    ask();
  } catch (error) {
    assert.ok(error instanceof GlossaError);
    assert.equal(error.code, 'RATE_LIMITED');
    return error.retryAfterSeconds;
  }
  return assert.fail('it was let in');
}

describe('a sliding minute', () => {
  test('forgets what is 60 seconds old, and no sooner', () => {
    let now = 0;
    const minute = new SlidingMinute(10, () => now);
    minute.take(4);
    now = 30_000;
    minute.take(6);
    assert.deepEqual(
      [minute.used, minute.waitMs(1), minute.waitMs(5), minute.clearMs],
      [10, 30_000, 60_000, 60_000],
    );
    now = 59_999;
    assert.equal(minute.used, 10);
    now = 60_000;
    assert.deepEqual([minute.used, minute.waitMs(4), minute.waitMs(5)], [6, 0, 30_000]);
    now = 90_000;
    assert.deepEqual([minute.used, minute.clearMs], [0, 0]);
    assert.equal(minute.waitMs(11), Infinity);
  });

  test('never lets more than the limit into any 60 seconds, and wastes little of it', () => {
    let now = 0;
    let seed = 7;
    const random = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
    const minute = new SlidingMinute(100, () => now);
    const taken: { at: number; count: number }[] = [];
    for (let step = 0; step < 20_000; step += 1) {
      now += Math.floor(random() * 40);
      const count = 1 + Math.floor(random() * 5);
      if (minute.waitMs(count) > 0) continue;
      minute.take(count);
      taken.push({ at: now, count });
    }
    let sum = 0;
    let first = 0;
    for (const { at, count } of taken) {
      sum += count;
      for (; at - (taken[first]?.at ?? 0) >= 60_000; first += 1) sum -= taken[first]?.count ?? 0;
      assert.ok(sum <= 100);
    }
    const whole = taken.reduce((total, { count }) => total + count, 0);
    assert.ok(whole > 0.9 * 100 * Math.floor(now / 60_000));
  });

  test('says truly when something fits', () => {
    let now = 0;
    const minute = new SlidingMinute(50, () => now);
    for (let step = 0; step < 200; step += 1) {
      const count = 1 + ((step * 7) % 20);
      const wait = minute.waitMs(count);
      now += wait - 1;
      if (wait > 1) assert.ok(minute.waitMs(count) > 0);
      now += 1;
      assert.equal(minute.waitMs(count), 0);
      minute.take(count);
    }
  });
});

describe('the usage of a key', () => {
  test('counts no request that it refuses', () => {
    let now = 0;
    const usage = new KeyUsage({ requestsPerMinute: 2, concurrentRequests: 1 }, () => now);
    const leave = usage.admit();
    assert.equal(
      retryAfter(() => usage.admit()),
      1,
    );
    leave();
    leave();
    now = 10_000;
    usage.admit()();
    assert.equal(
      retryAfter(() => usage.admit()),
      50,
    );
    assert.equal(usage.requests?.remaining, 0);
    now = 60_000;
    usage.admit();
  });

  test('counts tokens from when they were taken, and gives back what is not', () => {
    let now = 0;
    const usage = new KeyUsage({ tokensPerMinute: 100 }, () => now);
    const long = usage.reserve(90, WHAT);
    assert.equal(
      retryAfter(() => usage.reserve(20, WHAT)),
      1,
    );
    long.take(40);
    now = 30_000;
    long.take(10);
    long.giveBack(15);
    assert.deepEqual(usage.tokens, { limit: 100, remaining: 25, resetMs: 60_000 });
    long.end();
    long.end();
    assert.deepEqual(usage.tokens, { limit: 100, remaining: 50, resetMs: 60_000 });
    assert.equal(
      retryAfter(() => usage.reserve(51, WHAT)),
      30,
    );
    now = 60_000;
    assert.deepEqual(usage.tokens, { limit: 100, remaining: 90, resetMs: 30_000 });
  });

  test('refuses for good what never fits', () => {
    const usage = new KeyUsage({ tokensPerMinute: 100 });
    assert.throws(() => usage.reserve(101, WHAT), {
      code: 'INVALID_REQUEST',
      message: "prompt: it can never fit into this API key's 100 tokens a minute; ask for fewer",
    });
  });

  test('without limits lets everything in', () => {
    const usage = new KeyUsage({});
    for (let count = 0; count < 1000; count += 1) usage.admit();
    assert.equal(usage.reserve(1e9, WHAT).held, 0);
    assert.deepEqual([usage.requests, usage.tokens], [undefined, undefined]);
  });
});
