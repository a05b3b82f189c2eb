import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';

import { pino } from 'pino';

import { DurableTasks } from '../../src/tasks/durable-tasks.js';
import { TaskTable } from '../../src/tasks/task-table.js';
import { HeldKind, opened, scratchFolder, settled, startMany, taskSettings } from './opened.js';

/** Tasks on a disk that a test can make refuse some kinds of changes. */
class BadDisk {
  readonly logged: string[] = [];
  readonly tasks: DurableTasks;
  readonly held = new HeldKind();
  readonly folder: string;
  readonly #table: TaskTable;

  constructor(t: TestContext) {
    this.folder = scratchFolder(t);
    this.#table = new TaskTable(this.folder, 0);
    const log = pino({}, { write: (line: string) => void this.logged.push(line) });
    const settings = taskSettings(this.folder, { taskConcurrency: 1 });
    this.tasks = new DurableTasks({ table: this.#table, settings, log, clock: Date.now });
    this.tasks.register(this.held);
  }

  /** Makes changes of this kind fail until what it gives is called. */
  refuse(t: TestContext, change: 'insert' | 'begin' | 'end' | 'saveProgress' | 'requeue'): () => void {
    const mocked = t.mock.method(this.#table, change, () => {
      throw Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' });
    });
    return () => {
      mocked.mock.restore();
    };
  }
}

describe('when the disk refuses', () => {
  test('a new task, its client is told', async (t) => {
    const disk = new BadDisk(t);
    const mend = disk.refuse(t, 'insert');
    assert.throws(
      () => startMany(disk.tasks, 1),
      (error: Error) => {
        assert.equal(error.message, 'the task could not be saved');
        assert.equal((error.cause as { code: string }).code, 'SQLITE_FULL');
        return true;
      },
    );
    mend();
    startMany(disk.tasks, 1);
    await settled();
    assert.equal(disk.held.runs.length, 1);
    await disk.tasks.close();
  });

  test('a result, it is tried again, and the task runs meanwhile', async (t) => {
    const disk = new BadDisk(t);
    const [id = '', next = ''] = startMany(disk.tasks, 2);
    await settled();
    const mend = disk.refuse(t, 'end');
    disk.held.runs[0]?.finish('kept');
    await settled();
    assert.equal(disk.tasks.find(id)?.state, 'running');
    assert.equal(disk.tasks.find(next)?.state, 'queued');
    assert.match(disk.logged.join(''), /SQLITE_FULL.*could not be written/);
    assert.throws(() => disk.tasks.cancel(id), { code: 'SQLITE_FULL' });
    mend();
    assert.equal((await disk.tasks.waitForEnd(id, 10_000))?.output, 'kept');
    await settled();
    assert.equal(disk.tasks.find(next)?.state, 'running');
    await disk.tasks.close();
  });

  test('a result until the server ends, it is written then', async (t) => {
    const disk = new BadDisk(t);
    const [id = ''] = startMany(disk.tasks, 1);
    await settled();
    const mend = disk.refuse(t, 'end');
    disk.held.runs[0]?.finish('kept');
    await settled();
    mend();
    await disk.tasks.close();
    assert.equal(opened(disk.folder).find(id)?.output, 'kept');
  });

  test('a result for ever, the task is run again by the next server', async (t) => {
    const disk = new BadDisk(t);
    const [id = ''] = startMany(disk.tasks, 1);
    await settled();
    for (const change of ['end', 'requeue'] as const) disk.refuse(t, change);
    disk.held.runs[0]?.finish('lost');
    await settled();
    await disk.tasks.close();
    const next = opened(disk.folder);
    const again = new HeldKind();
    next.register(again);
    await settled();
    assert.equal(again.runs.length, 1);
    again.runs[0]?.finish('second');
    assert.equal((await next.waitForEnd(id, 10_000))?.output, 'second');
  });

  test('to begin a task, it is tried again', async (t) => {
    const disk = new BadDisk(t);
    const mend = disk.refuse(t, 'begin');
    const [id = ''] = startMany(disk.tasks, 1);
    await settled();
    assert.deepEqual([disk.tasks.find(id)?.state, disk.held.runs.length], ['queued', 0]);
    mend();
    while (disk.held.runs.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(disk.tasks.find(id)?.state, 'running');
    await disk.tasks.close();
  });

  test('progress, nothing else is the worse for it', async (t) => {
    const disk = new BadDisk(t);
    const [id = ''] = startMany(disk.tasks, 1);
    await settled();
    disk.refuse(t, 'saveProgress');
    disk.held.runs[0]?.run.report({ words: 1 });
    await disk.tasks.close();
    assert.match(disk.logged.join(''), /progress of tasks could not be saved/);
    const task = opened(disk.folder).find(id);
    assert.deepEqual([task?.state, task?.progress], ['queued', null]);
  });
});
