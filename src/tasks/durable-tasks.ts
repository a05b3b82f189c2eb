import { randomUUID } from 'node:crypto';

import type { Logger } from 'pino';

import type { Settings } from '../config/schema.js';
import { GlossaError } from '../errors.js';
import { EndWaiters } from './end-waiters.js';
import { purgeExpired } from './purge.js';
import type { JsonValue, ListedTask, Task, TaskKind, TaskPage, TaskService } from './task.js';
import { TaskQueue } from './task-queue.js';
import { TaskRunner } from './task-runner.js';
import type { TaskTable } from './task-table.js';

/** What tasks are kept and run with. */
export interface TaskParts {
  readonly table: TaskTable;
  readonly settings: Pick<Settings, 'taskRetention' | 'taskQueueLimit' | 'taskConcurrency'>;
  readonly log: Logger;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
}

/** Tasks that can be brought to rest. */
export interface OpenTasks extends TaskService {
  /**
   * Takes on nothing more, interrupts what runs, which the next server will run again, and lets go of all who wait.
   * Tasks can still be looked up. Waits briefly for runs to rest; idempotent.
   */
  stop(): Promise<void>;
  /** Stops, and closes the database. Idempotent. */
  close(): Promise<void>;
}

/** A task is given up when the server has died this often while it ran. */
export const MOST_INTERRUPTIONS = 5;

const GIVEN_UP = {
  code: 'INTERNAL',
  message: `the task was given up: the server died ${MOST_INTERRUPTIONS} times while it ran`,
};

/** Pause after which a task is begun again that the disk refused to begin. */
const BEGIN_AGAIN_MS = 1000;

/** No other text is compared by the database, which would take it to end at a NUL. */
const TASK_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Tasks in the database of a state folder. All of it is on one thread, and each change of a state one statement. */
export class DurableTasks implements OpenTasks {
  readonly #table: TaskTable;
  readonly #settings: TaskParts['settings'];
  readonly #log: Logger;
  readonly #clock: () => number;
  readonly #kinds = new Map<string, TaskKind>();
  readonly #queue: TaskQueue;
  readonly #runner: TaskRunner;
  readonly #waiters = new EndWaiters();
  #willBegin = false;
  #stopped: Promise<void> | undefined;
  #isClosed = false;

  /**
   * Takes over the table and its unfinished tasks.
   *
   * @throws Error if the disk refuses that
   */
  constructor({ table, settings, log, clock }: TaskParts) {
    table.recover({ now: clock(), mostInterruptions: MOST_INTERRUPTIONS, error: GIVEN_UP });
    this.#table = table;
    this.#settings = settings;
    this.#log = log;
    this.#clock = clock;
    this.#queue = new TaskQueue(table.waiting());
    this.#runner = new TaskRunner({
      ...{ table, log, clock },
      onEnd: (id) => {
        this.#waiters.tell(id);
      },
      onRest: (again) => {
        if (again !== undefined) this.#queue.add(again);
        this.#beginSoon();
      },
      placesToMake: () => this.#placesToMake(),
    });
    purgeExpired(table, () => this.#expiry(), log, this.#runner.stopping);
  }

  register(kind: TaskKind): void {
    this.#kinds.set(kind.name, kind);
    this.#queue.register(kind.name);
    this.#beginSoon();
  }

  start(kind: string, owner: string, input: JsonValue): Task {
    if (this.#runner.stopping.aborted) throw closed();
    if (!this.#kinds.has(kind)) throw new GlossaError('INTERNAL', `no task is of the kind ${kind}`);
    this.#checkRoom();
    const task = { id: randomUUID(), kind, owner, input, createdAt: this.#clock() };
    try {
      this.#queue.add(this.#table.insert(task));
    } catch (cause) {
      throw new GlossaError('INTERNAL', 'the task could not be saved', { cause });
    }
    this.#beginSoon();
    const nothingYet = { progress: null, output: null, error: null, startedAt: null, endedAt: null };
    return { ...task, ...nothingYet, state: 'queued' };
  }

  find(id: string): Task | undefined {
    if (this.#isClosed) throw closed();
    if (!TASK_ID.test(id)) return undefined;
    const task = this.#table.find(id, this.#expiry());
    return task === undefined ? undefined : this.#withProgress(task);
  }

  list(owner: string, page: TaskPage): ListedTask[] {
    if (this.#isClosed) throw closed();
    if (page.before !== undefined && this.find(page.before)?.owner !== owner)
      throw new GlossaError('TASK_NOT_FOUND', 'before: there is no such task, or none any more', {
        param: 'before',
      });
    return this.#table.list(owner, this.#expiry(), page);
  }

  cancel(id: string): Task | undefined {
    if (this.find(id)?.endedAt === null) {
      const progress = this.#runner.progressOf(id);
      const end = { state: 'cancelled', ...(progress !== undefined && { progress }) } as const;
      this.#table.end(id, end, this.#clock());
      this.#queue.remove(id);
      // Its place is free once its run has come to rest.
      this.#runner.abort(id);
      this.#waiters.tell(id);
    }
    return this.find(id);
  }

  async waitForEnd(id: string, timeoutMs: number, signal?: AbortSignal): Promise<Task | undefined> {
    const task = this.find(id);
    if (task?.endedAt !== null || this.#runner.stopping.aborted) return task;
    await this.#waiters.wait(id, timeoutMs, signal);
    return this.find(id);
  }

  async stop(): Promise<void> {
    this.#stopped ??= this.#runner.stop();
    this.#waiters.release();
    await this.#stopped;
  }

  async close(): Promise<void> {
    await this.stop();
    if (this.#isClosed) return;
    this.#isClosed = true;
    try {
      this.#table.close();
    } catch (error) {
      this.#log.error({ err: error }, 'the tasks could not be closed; nothing of them is lost');
    }
  }

  /** Those that will begin at once do not wait. */
  #checkRoom(): void {
    const { taskConcurrency, taskQueueLimit } = this.#settings;
    const places = Math.max(0, taskConcurrency - this.#runner.size);
    if (this.#queue.size - places >= taskQueueLimit)
      throw new GlossaError('OVERLOADED', 'too many tasks wait');
  }

  /** How many of the tasks that run keep others waiting. */
  #placesToMake(): number {
    const next = this.#queue.first();
    if (next === undefined || this.#runner.hasPlaceFor(next, this.#settings.taskConcurrency)) return 0;
    return this.#queue.size;
  }

  /** In a turn of its own: whoever starts a task is answered first, and all kinds are registered first. */
  #beginSoon(): void {
    if (this.#willBegin) return;
    this.#willBegin = true;
    setImmediate(() => {
      this.#willBegin = false;
      this.#beginTasks();
    });
  }

  #beginTasks(): void {
    for (let next = this.#queue.first(); next !== undefined; next = this.#queue.first()) {
      if (!this.#runner.hasPlaceFor(next, this.#settings.taskConcurrency)) return;
      try {
        const task = this.#table.find(next.id, this.#expiry());
        const kind = this.#kinds.get(next.kind);
        const begun = this.#table.begin(next.id, this.#clock());
        this.#queue.take(next);
        if (begun && task !== undefined && kind !== undefined) this.#runner.run(next, task, kind);
      } catch (error) {
        this.#log.error({ err: error, task: next.id }, 'a task could not be begun; it will be tried again');
        setTimeout(() => {
          this.#beginSoon();
        }, BEGIN_AGAIN_MS).unref();
        return;
      }
    }
  }

  /** What ended then or earlier is forgotten. */
  #expiry(): number {
    return this.#clock() - this.#settings.taskRetention * 1000;
  }

  #withProgress(task: Task): Task {
    const progress = this.#runner.progressOf(task.id);
    return progress === undefined || task.endedAt !== null ? task : { ...task, progress };
  }
}

function closed(): GlossaError {
  return new GlossaError('CLOSED', 'the server is shutting down');
}
