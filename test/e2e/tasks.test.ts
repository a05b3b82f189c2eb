import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, request, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import Database from 'libsql';

import { until } from './processes.js';
import { ServedGlossa } from './server.js';

const ROUTE = '/inference/pretrained/gpt2/async';
const WORDS = 5;

interface Check {
  readonly Status: string;
  readonly Output?: readonly string[];
}

async function scratch(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'glossa-e2e-tasks-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A server in a folder that outlives it. */
async function serve(t: TestContext, folder: string): Promise<ServedGlossa> {
  const server = await ServedGlossa.start({ folder });
  t.after(() => server.kill());
  return server;
}

async function answerOf(response: Response): Promise<unknown> {
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return JSON.parse(text);
}

async function start(server: ServedGlossa, index: number): Promise<string> {
  const body = { string: `Once upon a time, ${index}`, length: WORDS, temperature: 0.8, apiKey: 'any' };
  const answer = (await answerOf(await server.post(`${ROUTE}/start`, body))) as {
    Status: string;
    TaskID: string;
  };
  assert.equal(answer.Status, 'Started');
  return answer.TaskID;
}

async function check(server: ServedGlossa, id: string): Promise<Check> {
  const body = { TaskID: id, apiKey: 'any' };
  return (await answerOf(await server.post(`${ROUTE}/check/v2`, body))) as Check;
}

/** Outputs of tasks that a client has been told are finished. */
class Seen {
  readonly outputs = new Map<string, readonly string[]>();

  /** Asks for all tasks: none may be lost, failed, or be finished with another output than before. */
  async look(server: ServedGlossa, ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      const { Status, Output } = await check(server, id);
      assert.notEqual(Status, 'Failed');
      const before = this.outputs.get(id);
      if (before !== undefined) assert.deepEqual([Status, Output], ['Finished', before]);
      if (Status === 'Finished' && Output !== undefined) this.outputs.set(id, Output);
    }
  }
}

test('200 tasks finish once each, though the server is killed three times meanwhile', async (t) => {
  const folder = await scratch(t);
  const ids: string[] = [];
  const seen = new Seen();
  for (const total of [70, 140, 200]) {
    const server = await serve(t, folder);
    while (ids.length < total) ids.push(await start(server, ids.length));
    await until('some are finished', async () => {
      await seen.look(server, ids.slice(0, total - 40));
      return seen.outputs.size >= total / 4;
    });
    await server.kill();
    assert.ok(seen.outputs.size < total, 'some were not finished');
  }
  const server = await serve(t, folder);
  await until('all are finished', async () => {
    await seen.look(server, ids);
    return seen.outputs.size === ids.length;
  });
  assert.equal(new Set(ids).size, 200);
  // A newline is a word of its own.
  for (const output of seen.outputs.values()) assert.equal(output.length, WORDS);
  await server.stop();
  // Readable afterwards, too.
  const last = await serve(t, folder);
  await seen.look(last, ids);
  await last.stop();
});

test('10,000 finished tasks do not slow a check', async (t) => {
  const folder = await scratch(t);
  const first = await serve(t, folder);
  const original = await start(first, 0);
  const seen = new Seen();
  await until('it is finished', async () => {
    await seen.look(first, [original]);
    return seen.outputs.size === 1;
  });
  await first.stop();
  const few = await serve(t, folder);
  const fewRate = await checksPerSecond(few, [original], seen);
  await few.stop();

  const ids = copies(join(folder, 'state', 'tasks.sqlite'), original, 10_000);
  const many = await serve(t, folder);
  for (const id of ids) seen.outputs.set(id, seen.outputs.get(original) ?? []);
  const manyRate = await checksPerSecond(many, ids, seen);
  t.diagnostic(`checks a second: ${fewRate} with 1 finished task, ${manyRate} with 10,000`);
  assert.ok(manyRate > fewRate / 3, `${manyRate} checks a second instead of ${fewRate}`);
  await many.stop();
});

/** As if it had been done that often. */
function copies(file: string, original: string, count: number): string[] {
  const database = new Database(file);
  const columns =
    'kind, owner, state, input, progress, output, error, created_at, started_at, ended_at, interruptions';
  const copy = database.prepare(
    `insert into tasks (id, ${columns}) select ?, ${columns} from tasks where id = ?`,
  );
  const ids = Array.from({ length: count }, () => randomUUID());
  database.exec('begin');
  for (const id of ids) copy.run(id, original);
  database.exec('commit');
  database.close();
  return ids;
}

/** Of a server that 16 clients ask at once, on connections that stay open. */
async function checksPerSecond(server: ServedGlossa, ids: readonly string[], seen: Seen): Promise<number> {
  const checks = 1000;
  const agent = new Agent({ keepAlive: true });
  const begin = performance.now();
  let next = 0;
  const client = async (): Promise<void> => {
    while (next < checks) {
      const id = ids[(next++ * 7919) % ids.length] ?? '';
      const { Status, Output } = JSON.parse(await fastCheck(server, id, agent)) as Check;
      assert.deepEqual([Status, Output], ['Finished', seen.outputs.get(id)]);
    }
  };
  await Promise.all(Array.from({ length: 16 }, client));
  agent.destroy();
  return Math.round(checks / ((performance.now() - begin) / 1000));
}

/** fetch() would take more of the processor than the server does. */
async function fastCheck(server: ServedGlossa, id: string, agent: Agent): Promise<string> {
  const asked = request(`${server.url}${ROUTE}/check/v2`, { method: 'POST', agent });
  asked.end(JSON.stringify({ TaskID: id, apiKey: 'any' }));
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  return (await response.setEncoding('utf8').toArray()).join('');
}
