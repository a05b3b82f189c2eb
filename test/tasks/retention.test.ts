import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { testConfiguration } from '../fakes/server.js';
import {
  echo,
  HeldKind,
  opened,
  openedTable,
  scratchFolder,
  settled,
  startMany,
  statesOf,
} from './opened.js';

const settings = { taskRetention: 100 };

describe('a task that has ended', () => {
  test('can be asked for as long as it is kept, and no longer', async (t) => {
    let now = 1_000_000;
    const tasks = opened(scratchFolder(t), { settings, clock: () => now });
    tasks.register(echo);
    const { id } = tasks.start('echo', 'me', 1);
    await tasks.waitForEnd(id, 10_000);
    now += 99_999;
    assert.equal(tasks.find(id)?.state, 'finished');
    assert.equal(tasks.list('me', { limit: 10 }).length, 1);
    now += 1;
    assert.equal(tasks.find(id), undefined);
    assert.deepEqual(tasks.list('me', { limit: 10 }), []);
    assert.equal(tasks.cancel(id), undefined);
    assert.equal(await tasks.waitForEnd(id, 10_000), undefined);
  });

  test('can be asked for during seven days where nothing is set', async (t) => {
    const week = 7 * 24 * 3600 * 1000;
    let now = 1_000_000;
    const { taskRetention } = testConfiguration().settings;
    const tasks = opened(scratchFolder(t), { settings: { taskRetention }, clock: () => now });
    tasks.register(echo);
    const { id } = tasks.start('echo', 'me', 1);
    await tasks.waitForEnd(id, 10_000);
    now += week - 1;
    assert.equal(tasks.find(id)?.state, 'finished');
    now += 1;
    assert.equal(tasks.find(id), undefined);
  });

  test('is deleted afterwards; one that has not ended never is', async (t) => {
    const folder = scratchFolder(t);
    let now = 1_000_000;
    const clock = (): number => now;
    const first = opened(folder, { settings, clock });
    first.register(echo);
    const held = new HeldKind();
    first.register(held);
    const waiting = startMany(first, 2);
    const ids = startMany(first, 3, 'echo');
    await settled();
    assert.deepEqual(statesOf(first, ids), Array(3).fill('finished'));
    await first.close();
    now += 100_000_000;
    const second = opened(folder, { settings, clock });
    await second.close();

    const table = openedTable(folder);
    const found = [...ids, ...waiting].map((id) => table.find(id, -1)?.state);
    assert.deepEqual(found, [undefined, undefined, undefined, 'queued', 'queued']);
  });

  test('is deleted with few others at a time', (t) => {
    const table = openedTable(scratchFolder(t));
    for (let index = 0; index < 5; index++) {
      const id = `00000000-0000-4000-8000-00000000000${index}`;
      table.insert({ id, kind: 'echo', owner: '', input: null, createdAt: 0 });
      table.end(id, { state: 'finished' }, 10 * index);
    }
    assert.deepEqual([table.purge(25, 2), table.purge(25, 2), table.purge(25, 2)], [2, 1, 0]);
    assert.equal(table.list('', -1, { limit: 10 }).length, 2);
  });
});
