import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';

import Database from 'libsql';

import type { GlossaError } from '../../src/errors.js';
import { DATABASE_FILE, SCHEMA_VERSION } from '../../src/tasks/database.js';
import { defaultStateFolder } from '../../src/tasks/state-folder.js';
import { echo, opened, scratchFolder } from './opened.js';

function refusalOf(folder: string): string {
  try {
    opened(folder);
  } catch (error) {
    const { code, message } = error as GlossaError;
    assert.equal(code, 'CONFIG_INVALID');
    assert.match(message, /--state-dir$/);
    assert.ok(message.includes(folder));
    return message;
  }
  throw new Error('the folder was taken');
}

/** A folder with a database that is changed by hand. */
async function changed(t: TestContext, change: string): Promise<string> {
  const folder = scratchFolder(t);
  await opened(folder).close();
  const database = new Database(join(folder, DATABASE_FILE));
  database.exec(change);
  database.close();
  return folder;
}

describe('the default state folder', () => {
  test("is the user's own by each platform's convention", () => {
    const folder = (platform: NodeJS.Platform, env: Record<string, string> = {}): string =>
      defaultStateFolder({ platform, env, home: '/home/me' });
    assert.equal(folder('linux'), join('/home/me', '.local', 'state', 'glossa'));
    assert.equal(folder('linux', { XDG_STATE_HOME: '/state' }), join('/state', 'glossa'));
    assert.equal(
      folder('linux', { XDG_STATE_HOME: 'relative' }),
      join('/home/me', '.local', 'state', 'glossa'),
    );
    assert.equal(folder('linux', { XDG_STATE_HOME: '' }), join('/home/me', '.local', 'state', 'glossa'));
    assert.equal(folder('darwin'), join('/home/me', 'Library', 'Application Support', 'glossa'));
    assert.equal(folder('win32', { LOCALAPPDATA: '/local' }), join('/local', 'glossa'));
    assert.equal(folder('win32'), join('/home/me', 'AppData', 'Local', 'glossa'));
  });
});

describe('a state folder', () => {
  test('is made, for its user alone', { skip: process.platform === 'win32' && 'has no modes' }, (t) => {
    const folder = join(scratchFolder(t), 'a', 'b');
    const tasks = opened(folder);
    t.after(() => tasks.close());
    assert.equal(statSync(folder).mode & 0o777, 0o700);
    assert.equal(statSync(join(folder, DATABASE_FILE)).mode & 0o777, 0o600);
    assert.equal(statSync(join(folder, `${DATABASE_FILE}-wal`)).mode & 0o777, 0o600);
  });

  test('is one file after an orderly end', async (t) => {
    const folder = scratchFolder(t);
    await opened(folder).close();
    assert.equal(existsSync(join(folder, `${DATABASE_FILE}-wal`)), false);
  });

  test('is for one server', async (t) => {
    const folder = scratchFolder(t);
    const first = opened(folder);
    assert.match(refusalOf(folder), /is in use by another server/);
    first.register(echo);
    const { id } = first.start('echo', '', 1);
    assert.equal((await first.waitForEnd(id, 10_000))?.state, 'finished');
    await first.close();
    assert.equal(opened(folder).find(id)?.output !== null, true);
  });

  test('that is a file is refused', (t) => {
    const file = join(scratchFolder(t), 'file');
    writeFileSync(file, '');
    assert.match(refusalOf(file), /can not be written to \((EEXIST|ENOTDIR)\)/);
    assert.match(refusalOf(join(file, 'below')), /can not be written to \((EEXIST|ENOTDIR)\)/);
  });

  test('with a folder in place of the file is refused', (t) => {
    const folder = scratchFolder(t);
    mkdirSync(join(folder, DATABASE_FILE));
    assert.match(refusalOf(folder), /can not be written to \(it can not be opened\)/);
  });

  test('that the system keeps is refused', { skip: !existsSync('/proc/self') && 'there is no /proc' }, () => {
    assert.match(refusalOf('/proc/glossa'), /can not be written to \(ENOENT\)/);
  });

  const isRoot = process.getuid?.() === 0 && 'root may write everywhere; run as another user';
  test('that may not be written to is refused', { skip: isRoot }, (t) => {
    const folder = join(scratchFolder(t), 'locked');
    mkdirSync(folder, { mode: 0o500 });
    assert.match(refusalOf(folder), /can not be written to \(EACCES\)/);
    chmodSync(folder, 0o700);
  });
});

describe('a database', () => {
  test('that is none is named and left as it is', (t) => {
    const folder = scratchFolder(t);
    const file = join(folder, DATABASE_FILE);
    const content = 'no database '.repeat(1000);
    writeFileSync(file, content);
    assert.ok(refusalOf(folder).startsWith(`${file} is damaged`));
    assert.equal(readFileSync(file, 'utf8'), content);
  });

  test('with damaged pages is named and left as it is', async (t) => {
    const folder = scratchFolder(t);
    const tasks = opened(folder);
    tasks.register(echo);
    for (let count = 0; count < 20; count++) tasks.start('echo', '', 'x'.repeat(2000));
    await tasks.close();
    const file = join(folder, DATABASE_FILE);
    const bytes = readFileSync(file);
    bytes.fill(0x5a, 3 * 4096, 12 * 4096);
    writeFileSync(file, bytes);
    assert.ok(refusalOf(folder).startsWith(`${file} is damaged`));
    // Nothing but the note of its opening was written.
    assert.ok(readFileSync(file).includes(bytes.subarray(3 * 4096, 12 * 4096)));
  });

  test('of a later version is refused by it', async (t) => {
    const folder = await changed(t, `pragma user_version = ${SCHEMA_VERSION + 1}`);
    assert.match(refusalOf(folder), /was written by a later Glossa \(version 2 of its tables, expected 1\)/);
  });

  test('of another program is refused', async (t) => {
    const folder = await changed(t, 'pragma application_id = 1');
    assert.match(refusalOf(folder), /belongs to another program/);
  });
});
