import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';

import { ApiKeys } from '../../../src/server/api-keys.js';
import type { OpenTasks } from '../../../src/tasks/durable-tasks.js';
import type { JsonValue, Task } from '../../../src/tasks/task.js';
import { testServer, type TestServer } from '../../fakes/server.js';
import { HeldKind, opened, scratchFolder, settled } from '../../tasks/opened.js';

const KEYS = { one: 'sk-one', two: 'sk-two' };
const UNKNOWN = '00000000-0000-4000-8000-000000000000';

interface Server {
  readonly server: TestServer;
  readonly tasks: OpenTasks;
  readonly held: HeldKind;
  /** Starts a task of a key. */
  begin(key: string, input: JsonValue): Promise<Task>;
}

function serverWithTasks(t: TestContext, flags: { apiKeys?: string[] } = {}): Server {
  const tasks = opened(scratchFolder(t), { clock: () => Date.UTC(2026, 0, 2, 3, 4, 5, 6) });
  const held = new HeldKind();
  tasks.register(held);
  const keys = new ApiKeys(flags.apiKeys ?? []);
  const begin = async (key: string, input: JsonValue): Promise<Task> => {
    const task = tasks.start('held', keys.find(key) ?? '', input);
    await settled();
    return task;
  };
  return { server: testServer({ tasks, flags }), tasks, held, begin };
}

async function ask(
  { server }: Server,
  path: string,
  { key, method = 'GET' }: { key?: string; method?: string } = {},
): Promise<[number, unknown]> {
  const headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
  const response = await server.app.request(path, { method, headers });
  return [response.status, await response.json()];
}

const notFound = {
  error: { code: 'TASK_NOT_FOUND', message: 'there is no such task, or none any more', param: null },
};
const time = '2026-01-02T03:04:05.006Z';

describe('GET /glossa/tasks/{id}', () => {
  test('shows a task as it goes on and ends', async (t) => {
    const served = serverWithTasks(t);
    const { id } = await served.begin('', 'prompt');
    const path = `/glossa/tasks/${id}`;
    served.held.runs[0]?.run.report({ words: 2 });
    const running = {
      ...{ id, kind: 'held', state: 'running', error: null },
      ...{ created_at: time, started_at: time, ended_at: null, progress: { words: 2 }, output: null },
    };
    assert.deepEqual(await ask(served, path), [200, running]);
    served.held.runs[0]?.finish(['text']);
    await settled();
    const finished = { ...running, state: 'finished', ended_at: time, progress: null, output: ['text'] };
    assert.deepEqual(await ask(served, path), [200, finished]);
  });

  test('tells why a task failed', async (t) => {
    const served = serverWithTasks(t);
    const { id } = await served.begin('', 'prompt');
    served.held.runs[0]?.fail(new Error('secret'));
    await settled();
    const [, body] = await ask(served, `/glossa/tasks/${id}`);
    const { state, error } = body as Task;
    assert.deepEqual([state, error], ['failed', { code: 'INTERNAL', message: 'an internal error occurred' }]);
  });

  test('finds nothing under what is no id', async (t) => {
    const served = serverWithTasks(t);
    for (const id of [UNKNOWN, 'x', '%00', '%ED%A0%80', '%', 'x'.repeat(2000), "'%20or%201=1"])
      assert.deepEqual(await ask(served, `/glossa/tasks/${id}`), [404, notFound], id);
  });
});

describe('GET /glossa/tasks', () => {
  test('lists tasks, the newest first', async (t) => {
    const served = serverWithTasks(t);
    const ids: string[] = [];
    for (let count = 0; count < 3; count++) ids.unshift((await served.begin('', count)).id);
    const listed = async (query: string): Promise<string[]> => {
      const [, body] = await ask(served, `/glossa/tasks${query}`);
      return (body as { tasks: { id: string }[] }).tasks.map(({ id }) => id);
    };
    assert.deepEqual([await listed(''), await listed('?limit=2')], [ids, ids.slice(0, 2)]);
    const [, body] = await ask(served, '/glossa/tasks?limit=1');
    const entry = { id: ids[0], kind: 'held', state: 'running', error: null };
    const times = { created_at: time, started_at: time, ended_at: null };
    assert.deepEqual(body, { tasks: [{ ...entry, ...times }] });
  });

  test('holds 100 unless told otherwise', async (t) => {
    const served = serverWithTasks(t);
    for (let count = 0; count < 101; count++) served.tasks.start('held', '', count);
    const [, body] = await ask(served, '/glossa/tasks');
    assert.equal((body as { tasks: unknown[] }).tasks.length, 100);
  });

  test('refuses what it does not know', async (t) => {
    const served = serverWithTasks(t);
    for (const query of [
      'limit=0',
      'limit=1001',
      'limit=-1',
      'limit=1.5',
      'limit=',
      'limit=x',
      'limit=1&limit=2',
    ]) {
      const [status, body] = await ask(served, `/glossa/tasks?${query}`);
      const message = 'limit: expected one whole number from 1 to 1000';
      assert.equal(status, 400);
      assert.deepEqual(body, { error: { code: 'INVALID_REQUEST', message, param: 'limit' } });
    }
    for (const [query, param] of [
      ['state=queued', 'state'],
      ['before=a&before=b', 'before'],
    ]) {
      const [status, body] = await ask(served, `/glossa/tasks?${query}`);
      assert.deepEqual([status, (body as { error: { param: string } }).error.param], [400, param]);
    }
  });

  test('goes on before a task, which is to be one of them', async (t) => {
    const served = serverWithTasks(t, { apiKeys: Object.values(KEYS) });
    const ids: string[] = [];
    for (let count = 0; count < 3; count++) ids.unshift((await served.begin(KEYS.one, count)).id);
    const { id: foreign } = await served.begin(KEYS.two, 1);
    const listed = async (before: string): Promise<[number, unknown]> =>
      await ask(served, `/glossa/tasks?limit=2&before=${before}`, { key: KEYS.one });
    const [, body] = await listed(ids[0] ?? '');
    assert.deepEqual(
      (body as { tasks: { id: string }[] }).tasks.map(({ id }) => id),
      ids.slice(1),
    );
    assert.deepEqual(await listed(ids[2] ?? ''), [200, { tasks: [] }]);
    for (const before of [foreign, UNKNOWN, 'x', '', '%00'])
      assert.equal((await listed(before))[0], 404, before);
  });
});

describe('POST /glossa/tasks/{id}/cancel', () => {
  test('ends a task, once', async (t) => {
    const served = serverWithTasks(t);
    const { id } = await served.begin('', 1);
    const path = `/glossa/tasks/${id}/cancel`;
    const [status, body] = await ask(served, path, { method: 'POST' });
    assert.deepEqual([status, (body as Task).state], [200, 'cancelled']);
    assert.ok(served.held.runs[0]?.run.signal.aborted);
    assert.deepEqual(await ask(served, path, { method: 'POST' }), [200, body]);
    assert.deepEqual(await ask(served, `/glossa/tasks/${UNKNOWN}/cancel`, { method: 'POST' }), [
      404,
      notFound,
    ]);
  });

  test('is no GET', async (t) => {
    const served = serverWithTasks(t);
    const { id } = await served.begin('', 1);
    assert.equal((await ask(served, `/glossa/tasks/${id}/cancel`))[0], 404);
    assert.equal(served.tasks.find(id)?.state, 'running');
  });
});

describe("another key's task", () => {
  test('is like none', async (t) => {
    const served = serverWithTasks(t, { apiKeys: Object.values(KEYS) });
    const { id } = await served.begin(KEYS.one, 1);
    const path = `/glossa/tasks/${id}`;
    const two = { key: KEYS.two };
    assert.deepEqual(await ask(served, path, two), [404, notFound]);
    assert.deepEqual(await ask(served, `${path}/cancel`, { ...two, method: 'POST' }), [404, notFound]);
    assert.deepEqual(await ask(served, '/glossa/tasks', two), [200, { tasks: [] }]);
    assert.equal(served.tasks.find(id)?.state, 'running');
    assert.equal((await ask(served, path, { key: KEYS.one }))[0], 200);
    assert.equal((await ask(served, path))[0], 401);
    assert.equal((await ask(served, path, { key: 'sk-three' }))[0], 401);
  });
});
