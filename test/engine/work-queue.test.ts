import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';

import { WorkQueue } from '../../src/engine/work-queue.js';
import { hasCode } from './conformance.js';

/** Work that ends when it is told to, and what of it has begun. */
class Works {
  readonly begun: number[] = [];
  readonly #ends = new Map<number, { resolve: (value: number) => void; reject: (error: Error) => void }>();

  of(number: number): () => Promise<number> {
    return () => {
      this.begun.push(number);
      return new Promise((resolve, reject) => this.#ends.set(number, { resolve, reject }));
    };
  }

  async end(number: number, error?: Error): Promise<void> {
    if (error === undefined) this.#ends.get(number)?.resolve(number);
    else this.#ends.get(number)?.reject(error);
    await setImmediate();
  }
}

describe('a queue of work', () => {
  test('runs so many at a time, in the order in which they came', async () => {
    const works = new Works();
    const queue = new WorkQueue(2);
    const given = [1, 2, 3, 4].map((number) => queue.run(works.of(number)));
    assert.deepEqual(works.begun, [1, 2]);
    await works.end(2);
    assert.deepEqual(works.begun, [1, 2, 3]);
    await works.end(3);
    await works.end(1);
    assert.deepEqual(works.begun, [1, 2, 3, 4]);
    await works.end(4);
    assert.deepEqual(await Promise.all(given), [1, 2, 3, 4]);
    const more = [5, 6, 7].map((number) => queue.run(works.of(number)));
    assert.deepEqual(works.begun.slice(4), [5, 6]);
    await works.end(5);
    await works.end(6);
    await works.end(7);
    await Promise.all(more);
  });

  test('goes on after work that fails, at once or later', async () => {
    const works = new Works();
    const queue = new WorkQueue(1);
    const throws = (): Promise<number> => {
      throw new Error('at once');
    };
    await assert.rejects(queue.run(throws), /at once/);
    const failing = assert.rejects(queue.run(works.of(1)), /later/);
    const next = queue.run(works.of(2));
    await works.end(1, new Error('later'));
    await failing;
    await works.end(2);
    assert.equal(await next, 2);
  });

  test('drops what is cancelled before its turn, and nothing else', async () => {
    const works = new Works();
    const queue = new WorkQueue(1);
    const controller = new AbortController();
    const { signal } = controller;
    const running = queue.run(works.of(1), signal);
    const dropped = assert.rejects(queue.run(works.of(2), signal), hasCode('CANCELLED'));
    const kept = queue.run(works.of(3));
    controller.abort();
    await dropped;
    await assert.rejects(queue.run(works.of(4), signal), hasCode('CANCELLED'));
    await works.end(1);
    await works.end(3);
    assert.deepEqual([await running, await kept], [1, 3]);
    assert.deepEqual(works.begun, [1, 3]);
  });
});
