import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { opened, scratchFolder, settled, statesOf } from './opened.js';

const script = fileURLToPath(new URL('./starting-child.js', import.meta.url));
const needsShell = process.platform === 'win32' && 'limits on files are set by a POSIX shell';

/** Ids of the tasks that a process had accepted when it was killed with the signal that nothing can catch. */
async function startedBeforeKill(folder: string, count: number): Promise<string[]> {
  const child = spawn(process.execPath, [script, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const ids: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    ids.push(line);
    if (ids.length === count) child.kill('SIGKILL');
  }
  assert.deepEqual(await ended, [null, 'SIGKILL']);
  return ids;
}

/** What a process writes that can make no file larger than `blocks` of 512 bytes. */
async function withinLimit(blocks: number, folder: string): Promise<string[]> {
  const limited = `ulimit -f ${blocks} && exec "$0" "$@"`;
  const child = spawn('sh', ['-c', limited, process.execPath, script, folder, '2000'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) lines.push(line);
  return lines;
}

describe('a server that is killed', () => {
  test('has on disk what it accepted, and all of it ends once', async (t) => {
    const folder = scratchFolder(t);
    const ids: string[] = [];
    for (const count of [40, 70, 100]) ids.push(...(await startedBeforeKill(folder, count)));
    assert.equal(new Set(ids).size, ids.length);

    const tasks = opened(folder);
    // One that was being accepted may be there as well.
    assert.ok(!statesOf(tasks, ids).includes(undefined));
    const left = new Set(ids.filter((id) => tasks.find(id)?.endedAt === null));
    assert.ok(left.size > 0 && left.size < ids.length, `${left.size} of ${ids.length} are left`);
    let runs = 0;
    tasks.register({ name: 'pause', run: () => Promise.resolve((runs += 1)) });
    const ended = await Promise.all(ids.map((id) => tasks.waitForEnd(id, 30_000)));
    assert.deepEqual([...new Set(ended.map((task) => task?.state))], ['finished']);
    // Those that had finished were not run again.
    for (const task of ended) assert.equal(task?.output === 'done', !left.has(task?.id ?? ''));
    await settled();
    assert.ok(runs >= left.size && runs <= left.size + 3);
  });
});

describe('a full disk', { skip: needsShell }, () => {
  test('is told at the start', async (t) => {
    const folder = scratchFolder(t);
    const [line = ''] = await withinLimit(0, folder);
    assert.match(line, /^CONFIG_INVALID: state folder .* can not be written to .*--state-dir$/);
  });

  test('refuses tasks, and loses none that was accepted', async (t) => {
    const folder = scratchFolder(t);
    const lines = await withinLimit(3000, folder);
    const refusal = lines.pop();
    assert.equal(refusal, 'INTERNAL: the task could not be saved');
    assert.ok(lines.length > 20, `${lines.length} were accepted`);
    const states = statesOf(opened(folder), lines);
    assert.ok(!states.includes(undefined));
  });
});
