import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { GlossaError } from '../../src/errors.js';
import type { JsonValue, TaskRun } from '../../src/tasks/task.js';
import { echo, HeldKind, opened, scratchFolder, settled, startMany, statesOf } from './opened.js';

describe('tasks', () => {
  test('begin in the order of their start, as many at a time as may', async (t) => {
    const tasks = opened(scratchFolder(t), { settings: { taskConcurrency: 2 } });
    const held = new HeldKind();
    tasks.register(held);
    const ids = startMany(tasks, 5);
    await settled();
    assert.deepEqual(statesOf(tasks, ids), ['running', 'running', 'queued', 'queued', 'queued']);
    held.runs[1]?.finish('second');
    await settled();
    assert.deepEqual(statesOf(tasks, ids), ['running', 'finished', 'running', 'queued', 'queued']);
    for (const { finish } of held.runs) finish(null);
    await settled();
    assert.deepEqual(held.inputs, [0, 1, 2, 3, 4]);
  });

  test('keep their input, output and times as they are', async (t) => {
    let now = 1000;
    const tasks = opened(scratchFolder(t), { clock: () => now });
    const held = new HeldKind();
    tasks.register(held);
    const input = { text: 'NUL \0, é, 😀, lone \ud800', list: [1, null, true] };
    const { id, ...begun } = tasks.start('held', 'owner', input);
    assert.match(id, /^[\da-f-]{36}$/);
    assert.deepEqual(begun, {
      ...{ kind: 'held', owner: 'owner', state: 'queued', input, progress: null, output: null, error: null },
      ...{ createdAt: 1000, startedAt: null, endedAt: null },
    });
    now = 2000;
    await settled();
    now = 3000;
    held.runs[0]?.finish(input);
    const task = await tasks.waitForEnd(id, 10_000);
    assert.deepEqual(task, {
      ...{ id, kind: 'held', owner: 'owner', state: 'finished', input, progress: null, output: input },
      ...{ error: null, createdAt: 1000, startedAt: 2000, endedAt: 3000 },
    });
    assert.deepEqual(held.runs[0]?.input, input);
  });

  test('fail with what their kind throws, and with nothing internal', async (t) => {
    const tasks = opened(scratchFolder(t));
    const held = new HeldKind();
    tasks.register(held);
    const ids = startMany(tasks, 2);
    await settled();
    held.runs[0]?.run.report({ words: 3 });
    held.runs[0]?.fail(new GlossaError('CONTEXT_OVERFLOW', 'too long'));
    held.runs[1]?.fail(new Error('secret'));
    const [first, second] = await Promise.all(ids.map((id) => tasks.waitForEnd(id, 10_000)));
    assert.deepEqual(first?.error, { code: 'CONTEXT_OVERFLOW', message: 'too long' });
    assert.deepEqual([first.state, first.output, first.progress], ['failed', null, { words: 3 }]);
    assert.deepEqual(second?.error, { code: 'INTERNAL', message: 'an internal error occurred' });
  });

  test('fail if their output can not be kept', async (t) => {
    const tasks = opened(scratchFolder(t));
    const circular: JsonValue[] = [];
    circular.push(circular);
    tasks.register({ name: 'circular', run: () => Promise.resolve(circular) });
    const { id } = tasks.start('circular', '', null);
    assert.equal((await tasks.waitForEnd(id, 10_000))?.state, 'failed');
  });

  test('are refused beyond the bound on those that wait', async (t) => {
    const settings = { taskConcurrency: 2, taskQueueLimit: 3 };
    const tasks = opened(scratchFolder(t), { settings });
    const held = new HeldKind();
    tasks.register(held);
    // Two of them do not wait, even before they have begun.
    startMany(tasks, 5);
    const refused = { code: 'OVERLOADED', message: 'too many tasks wait' };
    assert.throws(() => tasks.start('held', '', 5), refused);
    await settled();
    assert.throws(() => tasks.start('held', '', 5), refused);
    held.runs[0]?.finish(null);
    await settled();
    tasks.start('held', '', 5);
    assert.equal(tasks.list('me', { limit: 10 }).length, 5);
  });

  test('of a kind that nobody does are refused', (t) => {
    assert.throws(() => opened(scratchFolder(t)).start('none', '', 1), { code: 'INTERNAL' });
  });

  test('are listed by owner, the newest first', async (t) => {
    const tasks = opened(scratchFolder(t));
    tasks.register(echo);
    startMany(tasks, 3, 'echo', 'me');
    startMany(tasks, 1, 'echo', 'you');
    await settled();
    const inputs = (owner: string, limit: number): (JsonValue | undefined)[] =>
      tasks.list(owner, { limit }).map(({ id }) => tasks.find(id)?.input);
    assert.deepEqual([inputs('me', 10), inputs('me', 2), inputs('you', 10)], [[2, 1, 0], [2, 1], [0]]);
    assert.deepEqual(inputs('', 10), []);
  });

  test('are not found by what is no id', (t) => {
    const tasks = opened(scratchFolder(t));
    tasks.register(echo);
    const { id } = tasks.start('echo', '', null);
    for (const other of ['', 'x', `${id}\0`, `${id}\ud800`, id.toUpperCase(), `${id} `, "' or 1=1 --"])
      assert.equal(tasks.find(other), undefined, JSON.stringify(other));
  });

  test('show what was reported last', async (t) => {
    const tasks = opened(scratchFolder(t));
    const held = new HeldKind();
    tasks.register(held);
    const [id = ''] = startMany(tasks, 1);
    await settled();
    assert.equal(tasks.find(id)?.progress, null);
    held.runs[0]?.run.report({ words: 1 });
    held.runs[0]?.run.report({ words: 2 });
    assert.deepEqual(tasks.find(id)?.progress, { words: 2 });
  });

  test('are listed page by page, without what may be large', async (t) => {
    const tasks = opened(scratchFolder(t), { clock: () => 1000 });
    tasks.register(echo);
    const ids = startMany(tasks, 5, 'echo').reverse();
    const [other = ''] = startMany(tasks, 1, 'echo', 'you');
    await settled(20);
    const times = { createdAt: 1000, startedAt: 1000, endedAt: 1000 };
    const shown = { id: ids[4], kind: 'echo', owner: 'me', state: 'finished', error: null, ...times };
    const page = (before?: string): string[] =>
      tasks.list('me', { limit: 2, ...(before !== undefined && { before }) }).map(({ id }) => id);
    assert.deepEqual([page(), page(ids[1]), page(ids[3])], [ids.slice(0, 2), ids.slice(2, 4), ids.slice(4)]);
    assert.deepEqual([page(ids[4]), tasks.list('me', { limit: 10 }).at(-1)], [[], shown]);
    for (const before of [other, '', 'x', '00000000-0000-4000-8000-000000000000'])
      assert.throws(() => page(before), { code: 'TASK_NOT_FOUND' }, before);
  });
});

describe('cancelling', () => {
  test('a task that waits takes it out of the queue', async (t) => {
    const tasks = opened(scratchFolder(t), { settings: { taskConcurrency: 1, taskQueueLimit: 1 } });
    const held = new HeldKind();
    tasks.register(held);
    const [, waiting = ''] = startMany(tasks, 2);
    await settled();
    const task = tasks.cancel(waiting);
    assert.deepEqual([task?.state, task?.startedAt, task?.error], ['cancelled', null, null]);
    tasks.start('held', '', 'after');
    held.runs[0]?.finish(null);
    await settled();
    assert.deepEqual(held.inputs, [0, 'after']);
  });

  test('a task that runs aborts it; what comes of it later is dropped', async (t) => {
    const tasks = opened(scratchFolder(t), { settings: { taskConcurrency: 1 } });
    const runs: { signal: AbortSignal; finish: (output: JsonValue) => void }[] = [];
    // Does not care that it is aborted.
    const run = (_: JsonValue, { signal, ...run }: TaskRun): Promise<JsonValue> =>
      new Promise<JsonValue>((finish) => {
        run.report({ words: 7 });
        runs.push({ signal, finish });
      });
    tasks.register({ name: 'deaf', run });
    const [id = '', next = ''] = startMany(tasks, 2, 'deaf');
    await settled();
    const ended = tasks.waitForEnd(id, 10_000);
    assert.deepEqual([tasks.cancel(id)?.state, runs[0]?.signal.aborted], ['cancelled', true]);
    assert.equal((await ended)?.state, 'cancelled');
    await settled();
    assert.equal(tasks.find(next)?.state, 'queued', 'its place is taken until it rests');
    runs[0]?.finish('late');
    await settled();
    const task = tasks.find(id);
    assert.deepEqual([task?.state, task?.output, task?.progress], ['cancelled', null, { words: 7 }]);
    assert.equal(tasks.find(next)?.state, 'running');
    runs[1]?.finish(null);
  });

  test('a task that has ended changes nothing', async (t) => {
    const tasks = opened(scratchFolder(t));
    tasks.register(echo);
    const { id } = tasks.start('echo', '', 1);
    const before = await tasks.waitForEnd(id, 10_000);
    assert.deepEqual(tasks.cancel(id), before);
    assert.equal(before?.state, 'finished');
  });

  test('nothing is nothing', (t) => {
    assert.equal(opened(scratchFolder(t)).cancel('00000000-0000-4000-8000-000000000000'), undefined);
  });
});
