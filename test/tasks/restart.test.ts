import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { MOST_INTERRUPTIONS } from '../../src/tasks/durable-tasks.js';
import { TaskTable } from '../../src/tasks/task-table.js';
import { echo, HeldKind, opened, scratchFolder, settled, startMany, statesOf } from './opened.js';

/** Leaves a folder as a server leaves it that dies while these tasks run. */
function dieWhileRunning(folder: string, ids: readonly string[]): void {
  const table = new TaskTable(folder, 0);
  for (const id of ids) table.begin(id, 0);
  table.close();
}

describe('the next server', () => {
  test('finds what has ended, and runs the rest in its order', async (t) => {
    const folder = scratchFolder(t);
    const first = opened(folder, { settings: { taskConcurrency: 2 } });
    const held = new HeldKind();
    first.register(held);
    const ids = startMany(first, 6);
    await settled();
    held.runs[0]?.finish('kept');
    await settled();
    assert.deepEqual(statesOf(first, ids.slice(0, 4)), ['finished', 'running', 'running', 'queued']);
    await first.close();
    assert.ok(held.runs[1]?.run.signal.aborted);
    assert.throws(() => first.find(ids[0] ?? ''), { code: 'CLOSED' });
    assert.throws(() => first.start('held', '', 1), { code: 'CLOSED' });

    const second = opened(folder, { settings: { taskConcurrency: 1 } });
    assert.equal(second.find(ids[0] ?? '')?.output, 'kept');
    assert.deepEqual(statesOf(second, ids.slice(1)), Array(5).fill('queued'));
    const again = new HeldKind();
    second.register(again);
    second.start('held', 'me', 'new');
    for (let run = 0; run < 6; run++) {
      await settled();
      again.runs[run]?.finish(null);
    }
    assert.deepEqual(again.inputs, [1, 2, 3, 4, 5, 'new']);
  });

  test('leaves tasks of a kind it does not know where they are', async (t) => {
    const folder = scratchFolder(t);
    const first = opened(folder, { settings: { taskConcurrency: 1 } });
    for (const kind of ['one', 'two']) first.register(new HeldKind(kind));
    first.start('one', '', 'a');
    const stranger = first.start('two', '', 'b');
    first.start('one', '', 'c');
    await first.close();

    const second = opened(folder, { settings: { taskConcurrency: 1 } });
    const one = new HeldKind('one');
    second.register(one);
    await settled();
    one.runs[0]?.finish(null);
    await settled();
    assert.deepEqual(one.inputs, ['a', 'c']);
    assert.equal(second.find(stranger.id)?.state, 'queued');
    assert.equal(second.cancel(stranger.id)?.state, 'cancelled');
    second.register(echo);
  });

  test('gives a task the progress that it had saved', async (t) => {
    const folder = scratchFolder(t);
    const first = opened(folder);
    const held = new HeldKind();
    first.register(held);
    const [id = ''] = startMany(first, 1);
    await settled();
    assert.equal(held.runs[0]?.run.progress, null);
    held.runs[0].run.report({ text: 'so far' });
    await first.close();

    const second = opened(folder);
    assert.deepEqual(second.find(id)?.progress, { text: 'so far' });
    const again = new HeldKind();
    second.register(again);
    await settled();
    assert.deepEqual(again.runs[0]?.run.progress, { text: 'so far' });
    assert.deepEqual(second.find(id)?.progress, { text: 'so far' });
    again.runs[0].finish(1);
    assert.equal((await second.waitForEnd(id, 10_000))?.progress, null);
  });

  test('has the progress of a server that died, but for the last moment of it', async (t) => {
    const folder = scratchFolder(t);
    const saved: unknown[] = [];
    const saveProgress = t.mock.method(TaskTable.prototype, 'saveProgress');
    const tasks = opened(folder);
    const held = new HeldKind();
    tasks.register(held);
    startMany(tasks, 2);
    await settled();
    for (let words = 1; words <= 1000; words++) for (const { run } of held.runs) run.report({ words });
    await sleep(1300);
    for (const call of saveProgress.mock.calls) saved.push(...call.arguments[0].values());
    // Once for both, not a thousand times.
    assert.deepEqual(saved, [{ words: 1000 }, { words: 1000 }]);
    assert.equal(saveProgress.mock.callCount(), 1);
  });

  test('gives up a task with which the server died too often, and no other', async (t) => {
    const folder = scratchFolder(t);
    const first = opened(folder);
    first.register(new HeldKind());
    const [poison = '', innocent = ''] = startMany(first, 2);
    await first.close();
    for (let death = 1; death < MOST_INTERRUPTIONS; death++) {
      const isAlone = death > 3;
      dieWhileRunning(folder, isAlone ? [poison] : [poison, innocent]);
      const tasks = opened(folder);
      tasks.register(new HeldKind());
      await settled();
      // After the third time each is run alone.
      const states = statesOf(tasks, [poison, innocent]);
      assert.deepEqual(states, ['running', death >= 3 ? 'queued' : 'running'], `death ${death}`);
      // An orderly end is no death.
      await tasks.close();
    }
    dieWhileRunning(folder, [poison]);
    const last = opened(folder);
    const task = last.find(poison);
    assert.equal(task?.state, 'failed');
    assert.match(task.error?.message ?? '', /given up: the server died 5 times/);
    const held = new HeldKind();
    last.register(held);
    await settled();
    held.runs[0]?.finish('well');
    assert.equal((await last.waitForEnd(innocent, 10_000))?.output, 'well');
  });

  test('does not give up a task that comes on between the deaths', async (t) => {
    const folder = scratchFolder(t);
    const first = opened(folder);
    first.register(new HeldKind());
    const [id = ''] = startMany(first, 1);
    await first.close();
    for (let death = 1; death <= MOST_INTERRUPTIONS + 1; death++) {
      dieWhileRunning(folder, [id]);
      const tasks = opened(folder);
      const held = new HeldKind();
      tasks.register(held);
      await settled();
      assert.deepEqual(statesOf(tasks, [id]), ['running'], `death ${death}`);
      held.runs[0]?.run.report({ windows: death });
      // Writes what was reported.
      await tasks.close();
    }
  });
});
