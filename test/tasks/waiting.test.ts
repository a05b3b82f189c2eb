import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { describe, test } from 'node:test';

import { EndWaiters } from '../../src/tasks/end-waiters.js';
import { HeldKind, opened, scratchFolder, settled, startMany } from './opened.js';

describe('waiting for a task', () => {
  test('ends with the task, for all who wait', async (t) => {
    const tasks = opened(scratchFolder(t));
    const held = new HeldKind();
    tasks.register(held);
    const [id = '', other = ''] = startMany(tasks, 2);
    const waiting = Array.from({ length: 3000 }, () => tasks.waitForEnd(id, 60_000));
    const otherEnds = tasks.waitForEnd(other, 60_000);
    await settled();
    held.runs[0]?.finish('done');
    const found = await Promise.all(waiting);
    assert.deepEqual([...new Set(found.map((task) => task?.output))], ['done']);
    assert.equal(tasks.find(other)?.state, 'running');
    held.runs[1]?.finish('other');
    assert.equal((await otherEnds)?.output, 'other');
  });

  test('ends with the time, or at once for none of it', async (t) => {
    const tasks = opened(scratchFolder(t));
    tasks.register(new HeldKind());
    const [id = ''] = startMany(tasks, 1);
    await settled();
    for (const timeoutMs of [0, -1, Number.NaN, 1])
      assert.equal((await tasks.waitForEnd(id, timeoutMs))?.state, 'running');
  });

  test('ends with its own signal', async (t) => {
    const tasks = opened(scratchFolder(t));
    tasks.register(new HeldKind());
    const [id = ''] = startMany(tasks, 1);
    const stop = new AbortController();
    const waiting = tasks.waitForEnd(id, 60_000, stop.signal);
    stop.abort();
    assert.equal((await waiting)?.endedAt, null);
    assert.equal((await tasks.waitForEnd(id, 60_000, stop.signal))?.endedAt, null);
  });

  test('ends when the server stops', async (t) => {
    const tasks = opened(scratchFolder(t));
    tasks.register(new HeldKind());
    const [id = ''] = startMany(tasks, 1);
    const waiting = tasks.waitForEnd(id, 60_000);
    await tasks.stop();
    assert.equal((await waiting)?.state, 'queued');
    assert.equal((await tasks.waitForEnd(id, 60_000))?.state, 'queued');
  });

  test('is for nothing where there is no task, or none that has not ended', async (t) => {
    const tasks = opened(scratchFolder(t));
    tasks.register(new HeldKind());
    const [id = ''] = startMany(tasks, 1);
    tasks.cancel(id);
    assert.equal((await tasks.waitForEnd(id, 60_000))?.state, 'cancelled');
    assert.equal(await tasks.waitForEnd('nothing', 60_000), undefined);
  });

  test('leaves nothing behind', async () => {
    const waiters = new EndWaiters();
    const { signal } = new AbortController();
    const ends = [
      waiters.wait('a', 60_000, signal),
      waiters.wait('b', 1, signal),
      // Longer than timers can be: those end at once.
      waiters.wait('c', Number.MAX_SAFE_INTEGER, signal),
    ];
    assert.deepEqual([waiters.size, getEventListeners(signal, 'abort').length], [3, 3]);
    waiters.tell('a');
    await ends[0];
    await ends[1];
    assert.deepEqual([waiters.size, getEventListeners(signal, 'abort').length], [1, 1]);
    waiters.release();
    await ends[2];
    assert.deepEqual([waiters.size, getEventListeners(signal, 'abort').length], [0, 0]);
  });
});
