import type { Statement } from 'libsql';

import { closeDatabase, openDatabase, type TaskDatabase } from './database.js';
import type { JsonValue, ListedTask, Task, TaskPage, TaskState } from './task.js';

/** A task that has not ended, as far as its turn depends on it. */
export interface WaitingTask {
  readonly id: string;
  readonly kind: string;
  readonly owner: string;
  /** An owner's tasks are first begun in the order of their numbers. */
  readonly number: number;
  /** How often a server died while it ran. */
  readonly interruptions: number;
}

/** How a task ends. */
export interface TaskEnd {
  readonly state: 'finished' | 'failed' | 'cancelled';
  readonly output?: JsonValue;
  readonly error?: Task['error'];
  /** Absent: what was saved stays. */
  readonly progress?: JsonValue;
}

/** What becomes of the tasks that ran when a server died. */
export interface Recovery {
  readonly now: number;
  /** A task that is interrupted for this time fails. */
  readonly mostInterruptions: number;
  readonly error: NonNullable<Task['error']>;
}

interface ListedRow {
  id: string;
  kind: string;
  owner: string;
  state: TaskState;
  error: string;
  created_at: number;
  started_at: number | null;
  ended_at: number | null;
}

interface TaskRow extends ListedRow {
  input: string;
  progress: string;
  output: string;
}

/** What lists show: nothing that a client or a kind can make large. */
const LISTED = 'id, kind, owner, state, error, created_at, started_at, ended_at';
const COLUMNS = `${LISTED}, input, progress, output`;

/** Those that can still be asked for: its parameter is the latest end that is too long ago. */
const KEPT = '(ended_at is null or ended_at > ?)';

/** The tasks on disk. Every change is one transaction, and on disk when its method returns. */
export class TaskTable {
  readonly #database: TaskDatabase;
  readonly #insert: Statement<[string, string, string, string, number]>;
  readonly #find: Statement<[string, number]>;
  readonly #list: Statement<[string, number, string | null, string | null, number]>;
  readonly #begin: Statement<[number, string]>;
  readonly #end: Statement<[string, string, string, string | null, number, string]>;
  readonly #save: Statement<[string, string, string]>;
  readonly #requeue: Statement<[string, string]>;
  readonly #purge: Statement<[number, number]>;

  /**
   * Opens the table of a state folder.
   *
   * @throws GlossaError CONFIG_INVALID, see openDatabase()
   */
  constructor(folder: string, now: number) {
    const database = openDatabase(folder, now);
    this.#database = database;
    this.#insert = database.prepare(
      `insert into tasks (id, kind, owner, state, input, progress, output, error, created_at, interruptions)
       values (?, ?, ?, 'queued', ?, 'null', 'null', 'null', ?, 0)`,
    );
    this.#find = database.prepare(`select ${COLUMNS} from tasks where id = ? and ${KEPT}`);
    this.#list = database.prepare(
      `select ${LISTED} from tasks where owner = ? and ${KEPT}
       and (? is null or number < (select number from tasks where id = ?)) order by number desc limit ?`,
    );
    this.#begin = database.prepare(
      `update tasks set state = 'running', started_at = coalesce(started_at, ?) where id = ? and state = 'queued'`,
    );
    // The one way to end: whoever comes second changes nothing.
    this.#end = database.prepare(
      `update tasks set state = ?, output = ?, error = ?, progress = coalesce(?, progress), ended_at = ?
       where id = ? and state in ('queued', 'running')`,
    );
    // A task that comes on between two deaths of the server is not what kills it.
    this.#save = database.prepare(
      `update tasks set interruptions = iif(progress = ?, interruptions, 0), progress = ?
       where id = ? and ended_at is null`,
    );
    this.#requeue = database.prepare(
      `update tasks set state = 'queued', progress = ? where id = ? and state = 'running'`,
    );
    this.#purge = database.prepare(
      `delete from tasks where number in
       (select number from tasks where ended_at <= ? order by ended_at limit ?)`,
    );
  }

  /** Adds a task that waits. */
  insert(task: Pick<Task, 'id' | 'kind' | 'owner' | 'input' | 'createdAt'>): WaitingTask {
    const { id, kind, owner, input, createdAt } = task;
    const { lastInsertRowid } = this.#insert.run(id, kind, owner, JSON.stringify(input), createdAt);
    return { id, kind, owner, number: Number(lastInsertRowid), interruptions: 0 };
  }

  /** Undefined if there is none, or it ended at `endedBefore` or earlier. */
  find(id: string, endedBefore: number): Task | undefined {
    const row = this.#find.get(id, endedBefore) as TaskRow | undefined;
    return row === undefined ? undefined : taskOf(row);
  }

  /** An owner's tasks, the newest first: all, or those that were started before a task. */
  list(owner: string, endedBefore: number, { limit, before }: TaskPage): ListedTask[] {
    const id = before ?? null;
    return (this.#list.all(owner, endedBefore, id, id, limit) as ListedRow[]).map(listedOf);
  }

  /** Whether the task waited, and runs now. */
  begin(id: string, now: number): boolean {
    return this.#begin.run(now, id).changes === 1;
  }

  /** Whether the task had not ended before. */
  end(id: string, end: TaskEnd, now: number): boolean {
    const { state, output = null, error = null, progress } = end;
    const saved = progress === undefined ? null : JSON.stringify(progress);
    const texts = [state, JSON.stringify(output), JSON.stringify(error), saved] as const;
    return this.#end.run(...texts, now, id).changes === 1;
  }

  /** Keeps progress, by the tasks' ids. */
  saveProgress(progress: ReadonlyMap<string, JsonValue>): void {
    this.#inTransaction(() => {
      for (const [id, reported] of progress) {
        const text = JSON.stringify(reported);
        this.#save.run(text, text, id);
      }
    });
  }

  /** Puts tasks that ran when a server died back to where they waited, or ends them if that came too often. */
  recover({ now, mostInterruptions, error }: Recovery): void {
    this.#inTransaction(() => {
      this.#database.exec(`update tasks set interruptions = interruptions + 1 where state = 'running'`);
      this.#database
        .prepare(
          `update tasks set state = 'failed', error = ?, ended_at = ?
           where state = 'running' and interruptions >= ?`,
        )
        .run(JSON.stringify(error), now, mostInterruptions);
      this.requeue();
    });
  }

  /** Puts a task that runs back to where it waited. Whether it had not ended before. */
  giveWay(id: string, progress: JsonValue): boolean {
    return this.#requeue.run(JSON.stringify(progress), id).changes === 1;
  }

  /** Puts tasks that run back to where they waited. */
  requeue(): void {
    this.#database.exec(`update tasks set state = 'queued' where state = 'running'`);
  }

  /** Tasks that wait, in the order of their start. */
  waiting(): WaitingTask[] {
    return this.#database
      .prepare(
        `select id, kind, owner, number, interruptions from tasks
         where state = 'queued' and ended_at is null order by number`,
      )
      .all() as WaitingTask[];
  }

  /** Deletes up to `limit` tasks that ended at `endedBefore` or earlier, and tells how many. */
  purge(endedBefore: number, limit: number): number {
    return this.#purge.run(endedBefore, limit).changes;
  }

  close(): void {
    closeDatabase(this.#database);
  }

  #inTransaction(change: () => void): void {
    this.#database.exec('begin immediate');
    try {
      change();
      this.#database.exec('commit');
    } catch (error) {
      // SQLite has rolled back by itself after some errors, a full disk among them.
      if (this.#database.inTransaction) this.#database.exec('rollback');
      throw error;
    }
  }
}

function taskOf(row: TaskRow): Task {
  return {
    ...listedOf(row),
    input: JSON.parse(row.input) as JsonValue,
    progress: JSON.parse(row.progress) as JsonValue,
    output: JSON.parse(row.output) as JsonValue,
  };
}

function listedOf(row: ListedRow): ListedTask {
  return {
    id: row.id,
    kind: row.kind,
    owner: row.owner,
    state: row.state,
    error: JSON.parse(row.error) as Task['error'],
    createdAt: row.created_at,
    startedAt: row.started_at,
    endedAt: row.ended_at,
  };
}
