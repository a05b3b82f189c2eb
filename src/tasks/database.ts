import { closeSync, existsSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

import Database from 'libsql';

import { GlossaError } from '../errors.js';

/** A connection to the one database of a state folder. */
export type TaskDatabase = Database.Database;

/** The database's name in the state folder. */
export const DATABASE_FILE = 'tasks.sqlite';

/** Of the tables below. A database of a later version is refused: its tasks might be lost on us. */
export const SCHEMA_VERSION = 1;

/** "Glss" in SQLite's header: tells our databases from those of other programs. */
const APPLICATION_ID = 0x476c7373;

// Texts that SQLite gives back end at a NUL: what a client wrote is kept as JSON, where NUL is an escape.
const SCHEMA = `
  create table tasks (
    number integer primary key,
    id text not null unique,
    kind text not null,
    owner text not null,
    state text not null,
    input text not null,
    progress text not null,
    output text not null,
    error text not null,
    created_at integer not null,
    started_at integer,
    ended_at integer,
    interruptions integer not null
  ) strict;
  create index tasks_of_owner on tasks (owner);
  create index tasks_unfinished on tasks (state) where ended_at is null;
  create index tasks_ended on tasks (ended_at) where ended_at is not null;
  create table opening (one integer primary key check (one = 1), at integer not null) strict;
  pragma application_id = ${APPLICATION_ID};
  pragma user_version = ${SCHEMA_VERSION};
`;

/**
 * Opens the database of a state folder for this process alone, makes folder and tables if there are none, and writes to
 * it: a disk that takes nothing is found out before a task is accepted. The lock ends with the process.
 *
 * @throws GlossaError CONFIG_INVALID if the folder can't be written to or is another server's, or the file is damaged,
 *   of a later version or of another program
 */
export function openDatabase(folder: string, now: number): TaskDatabase {
  const file = join(folder, DATABASE_FILE);
  let database: TaskDatabase | undefined;
  try {
    makeFolder(folder);
    // SQLite would make it readable by all; its other files take their mode from this one.
    if (!existsSync(file)) closeSync(openSync(file, 'ax', 0o600));
    database = new Database(file);
    prepare(database, file, now);
    return database;
  } catch (error) {
    if (database !== undefined) leave(database);
    throw stateFolderError(folder, error);
  }
}

/**
 * Gives up the lock and closes. Without the first, statements that the garbage collector has not found yet would keep
 * the file locked within this process.
 */
export function closeDatabase(database: TaskDatabase): void {
  // An exclusive lock can't be left in WAL mode; leaving that also folds the log into the one file.
  database.pragma('journal_mode = DELETE');
  database.pragma('locking_mode = NORMAL');
  database.prepare('select at from opening').get();
  database.close();
}

function prepare(database: TaskDatabase, file: string, now: number): void {
  // In this order: entered under an exclusive lock, WAL needs no memory shared with other processes.
  database.pragma('locking_mode = EXCLUSIVE');
  database.pragma('journal_mode = WAL');
  // A commit is on disk when it returns.
  database.pragma('synchronous = FULL');
  database.exec('begin immediate');
  const isNew = count(database, 'select count(*) as value from sqlite_schema') === 0;
  const application = count(database, 'select application_id as value from pragma_application_id');
  const version = count(database, 'select user_version as value from pragma_user_version');
  if (isNew) database.exec(SCHEMA);
  else if (application !== APPLICATION_ID) throw notOurs(file);
  else if (version !== SCHEMA_VERSION) throw newer(file, version);
  database.prepare('insert or replace into opening (one, at) values (1, ?)').run(now);
  database.exec('commit');
  const [problem] = database.prepare('pragma quick_check(1)').all() as { quick_check: string }[];
  if (problem?.quick_check !== 'ok') throw damaged(file, problem?.quick_check);
}

function count(database: TaskDatabase, query: string): number {
  return (database.prepare(query).get() as { value: number }).value;
}

/** Not with `recursive`: Node 20 never returns then where the system answers ENOENT, as /proc does. */
function makeFolder(folder: string): void {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) return;
  const parent = dirname(folder);
  if (parent !== folder) makeFolder(parent);
  mkdirSync(folder, { mode: 0o700 });
}

/** Changes nothing in a database that can't be used. */
function leave(database: TaskDatabase): void {
  if (database.inTransaction) database.exec('rollback');
  database.close();
}

/** What an operator is told of a state folder that can't be used: CONFIG_INVALID, whatever went wrong. */
export function stateFolderError(folder: string, cause: unknown): GlossaError {
  if (cause instanceof GlossaError) return cause;
  const code = (cause as { code?: string }).code ?? '';
  if (/^SQLITE_(BUSY|LOCKED)/.test(code)) {
    const message = `state folder ${folder} is in use by another server; choose another one with --state-dir`;
    return new GlossaError('CONFIG_INVALID', message, { cause });
  }
  if (/^SQLITE_(NOTADB|CORRUPT|FORMAT)/.test(code)) return damaged(join(folder, DATABASE_FILE), cause);
  const reason = code === '' ? 'it can not be opened' : code;
  return new GlossaError(
    'CONFIG_INVALID',
    `state folder ${folder} can not be written to (${reason}); choose another one with --state-dir`,
    { cause },
  );
}

function damaged(file: string, cause: unknown): GlossaError {
  const message = `${file} is damaged, or no database; move it away, or choose another folder with --state-dir`;
  return new GlossaError('CONFIG_INVALID', message, { cause });
}

function notOurs(file: string): GlossaError {
  const message = `${file} belongs to another program; choose another folder with --state-dir`;
  return new GlossaError('CONFIG_INVALID', message);
}

function newer(file: string, version: number): GlossaError {
  return new GlossaError(
    'CONFIG_INVALID',
    `${file} was written by a later Glossa (version ${version} of its tables, expected ${SCHEMA_VERSION}); ` +
      'choose another folder with --state-dir',
  );
}
