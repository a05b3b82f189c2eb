import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';

import type { OpenTasks } from '../../src/tasks/durable-tasks.js';
import type { JsonValue, TaskRun } from '../../src/tasks/task.js';
import { SLICE_MS } from '../../src/tasks/task-runner.js';
import { TaskTable } from '../../src/tasks/task-table.js';
import { HeldKind, opened, scratchFolder, settled, startMany, statesOf } from './opened.js';

/** Tasks whose clock the test turns. */
function clocked(
  t: TestContext,
  taskConcurrency: number,
): { tasks: OpenTasks; held: HeldKind; folder: string; pass: (ms: number) => void } {
  let now = 1000;
  const folder = scratchFolder(t);
  const tasks = opened(folder, { settings: { taskConcurrency }, clock: () => now });
  const held = new HeldKind();
  tasks.register(held);
  const pass = (ms: number): void => {
    now += ms;
  };
  return { tasks, held, folder, pass };
}

/** Finishes runs as they come until none is left, and gives the inputs of all. */
async function finishAll(held: HeldKind): Promise<JsonValue[]> {
  // Others join them meanwhile.
  for (const { finish } of held.runs) {
    finish(null);
    await settled();
  }
  return held.inputs;
}

describe('owners', () => {
  test('take turns, each with their tasks in the order of their start', async (t) => {
    const { tasks, held } = clocked(t, 1);
    const startFor = (owner: string, ...inputs: string[]): string[] =>
      inputs.map((input) => tasks.start('held', owner, input).id);
    startFor('one', 'a', 'b', 'c', 'd');
    startFor('two', 'e', 'f');
    const [, gone = ''] = startFor('three', 'g', 'h', 'i');
    tasks.cancel(gone);
    await settled();
    assert.deepEqual(await finishAll(held), ['a', 'e', 'g', 'b', 'f', 'i', 'c', 'd']);
  });
});

describe('a task that has run for a while', () => {
  test('gives way to one that waits, and goes on behind it from what it reported', async (t) => {
    const { tasks, held, pass } = clocked(t, 1);
    const [long = '', short = ''] = startMany(tasks, 2);
    await settled();
    pass(SLICE_MS - 1);
    held.runs[0]?.run.report({ words: 1 });
    assert.equal(held.runs[0]?.run.signal.aborted, false);
    pass(1);
    assert.equal(held.runs[0].run.signal.aborted, false, 'only where its progress is whole');
    held.runs[0].run.report({ words: 2 });
    assert.equal(held.runs[0].run.signal.aborted, true);
    await settled();
    assert.deepEqual(statesOf(tasks, [long, short]), ['queued', 'running']);
    assert.deepEqual(tasks.find(long)?.progress, { words: 2 });
    held.runs[1]?.finish('short');
    await settled();
    assert.deepEqual(held.inputs, [0, 1, 0]);
    assert.deepEqual(held.runs[2]?.run.progress, { words: 2 });
    held.runs[2].finish('long');
    const task = await tasks.waitForEnd(long, 10_000);
    assert.deepEqual([task?.state, task?.output, task?.startedAt], ['finished', 'long', 1000]);
  });

  test('goes on where nobody waits', async (t) => {
    const { tasks, held, pass } = clocked(t, 2);
    startMany(tasks, 2);
    await settled();
    pass(10 * SLICE_MS);
    for (const { run } of held.runs) run.report(1);
    assert.deepEqual(
      held.runs.map(({ run }) => run.signal.aborted),
      [false, false],
    );
  });

  test('gives way to as many as wait, no more', async (t) => {
    const { tasks, held, pass } = clocked(t, 4);
    const ids = startMany(tasks, 5);
    await settled();
    pass(SLICE_MS);
    for (const { run } of held.runs) run.report(1);
    assert.deepEqual(
      held.runs.map(({ run }) => run.signal.aborted),
      [true, false, false, false],
    );
    await settled();
    assert.deepEqual(statesOf(tasks, ids), ['queued', 'running', 'running', 'running', 'running']);
  });

  test('goes on with the next server as well', async (t) => {
    const { tasks, held, folder, pass } = clocked(t, 1);
    startMany(tasks, 2);
    await settled();
    pass(SLICE_MS);
    held.runs[0]?.run.report('half');
    await settled();
    await tasks.close();
    const next = opened(folder);
    const again = new HeldKind();
    next.register(again);
    await settled();
    assert.deepEqual(
      again.runs.map(({ input, run }) => [input, run.progress]),
      [
        [0, 'half'],
        [1, null],
      ],
    );
  });
});

describe('a task that gives way', () => {
  /** One that does not care that it is aborted, and has been, for another. */
  async function leaving(t: TestContext): Promise<{
    tasks: OpenTasks;
    ids: string[];
    runs: { run: TaskRun; finish: (output: JsonValue) => void; fail: (error: Error) => void }[];
  }> {
    const { tasks, pass } = clocked(t, 1);
    const runs: Awaited<ReturnType<typeof leaving>>['runs'] = [];
    const run = (_: JsonValue, given: TaskRun): Promise<JsonValue> =>
      new Promise((finish, fail) => {
        runs.push({ run: given, finish, fail });
      });
    tasks.register({ name: 'deaf', run });
    const ids = startMany(tasks, 2, 'deaf');
    await settled();
    pass(SLICE_MS);
    runs[0]?.run.report('half');
    assert.equal(runs[0]?.run.signal.aborted, true);
    return { tasks, ids, runs };
  }

  test('may finish all the same', async (t) => {
    const { tasks, ids, runs } = await leaving(t);
    runs[0]?.finish('done');
    await settled();
    assert.deepEqual(statesOf(tasks, ids), ['finished', 'running']);
    runs[1]?.finish(null);
    await settled();
    assert.equal(runs.length, 2);
  });

  test('can be cancelled, and is not run again', async (t) => {
    const { tasks, ids, runs } = await leaving(t);
    tasks.cancel(ids[0] ?? '');
    runs[0]?.fail(new Error('aborted'));
    await settled();
    runs[1]?.finish(null);
    await settled();
    assert.deepEqual(statesOf(tasks, ids), ['cancelled', 'finished']);
    assert.equal(runs.length, 2);
  });

  test('waits again once the disk takes that', async (t) => {
    const { tasks, ids, runs } = await leaving(t);
    const refused = t.mock.method(TaskTable.prototype, 'giveWay', () => {
      throw new Error('disk full');
    });
    runs[0]?.fail(new Error('aborted'));
    await settled();
    assert.deepEqual(statesOf(tasks, ids), ['running', 'queued']);
    refused.mock.restore();
    while (runs.length < 2) await new Promise((resolve) => setTimeout(resolve, 20));
    assert.deepEqual(statesOf(tasks, ids), ['queued', 'running']);
    runs[1]?.finish(null);
    await settled();
    assert.equal(runs[2]?.run.progress, 'half');
    runs[2].finish(null);
    await settled();
  });
});
