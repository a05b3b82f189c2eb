import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Logger } from 'pino';

import type { Settings } from '../config/schema.js';
import { GlossaError } from '../errors.js';
import { EndWaiters } from './end-waiters.js';
import type { JsonValue, Task, TaskKind, TaskService } from './task.js';
import { isSuspicious, TaskQueue } from './task-queue.js';
import type { TaskEnd, TaskTable, WaitingTask } from './task-table.js';

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
   * Takes on nothing more, interrupts what runs, which will be run again by the next server, and lets go of all who
   * wait. Tasks can still be looked up. Waits briefly for runs to end; idempotent.
   */
  stop(): Promise<void>;
  /** Stops and closes the database. Idempotent. */
  close(): Promise<void>;
}

/** A task is given up when the server has died this often while it ran. */
export const MOST_INTERRUPTIONS = 5;

/** How often progress is saved: at most this much of it is lost. */
const SAVE_MS = 1000;
/** How often expired tasks are deleted, and how many at a time; the next batch of many comes sooner. */
const PURGE_MS = 60_000;
const PURGE_SOON_MS = 100;
const PURGE_BATCH = 500;
/** Pauses between attempts to write to a disk that refuses. */
const RETRY_MS = { first: 250, most: 30_000 };
/** How long stop() waits for runs that it has interrupted. */
const STOP_MS = 2000;

const GIVEN_UP = {
  code: 'INTERNAL',
  message: `the task was given up: the server died ${MOST_INTERRUPTIONS} times while it ran`,
};

const TASK_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

interface Run {
  readonly stop: AbortController;
  readonly isSuspicious: boolean;
  progress: JsonValue;
  isSaved: boolean;
}

/** Tasks in the database of a state folder. All of it runs on one thread, and every change of a state is one statement. */
export class DurableTasks implements OpenTasks {
  readonly #table: TaskTable;
  readonly #settings: TaskParts['settings'];
  readonly #log: Logger;
  readonly #clock: () => number;
  readonly #kinds = new Map<string, TaskKind>();
  readonly #queue: TaskQueue;
  readonly #runs = new Map<string, Run>();
  readonly #ends = new Set<Promise<void>>();
  readonly #waiters = new EndWaiters();
  readonly #stopping = new AbortController();
  readonly #saving: NodeJS.Timeout;
  #purging: NodeJS.Timeout | undefined;
  #willBegin = false;
  #stopped: Promise<void> | undefined;
  #isClosed = false;

  /**
   * Takes over the table and its unfinished tasks.
   *
   * @throws Error if the disk refuses that
   */
  constructor({ table, settings, log, clock }: TaskParts) {
    this.#table = table;
    this.#settings = settings;
    this.#log = log;
    this.#clock = clock;
    // Every pause of an attempt listens.
    setMaxListeners(0, this.#stopping.signal);
    table.recover({ now: clock(), mostInterruptions: MOST_INTERRUPTIONS, error: GIVEN_UP });
    this.#queue = new TaskQueue(table.waiting());
    this.#saving = setInterval(() => {
      this.#saveProgress();
    }, SAVE_MS).unref();
    this.#purge();
  }

  register(kind: TaskKind): void {
    this.#kinds.set(kind.name, kind);
    this.#queue.register(kind.name);
    this.#beginSoon();
  }

  start(kind: string, owner: string, input: JsonValue): Task {
    if (this.#stopping.signal.aborted) throw closed();
    if (!this.#kinds.has(kind)) throw new GlossaError('INTERNAL', `no task is of the kind ${kind}`);
    const { taskConcurrency, taskQueueLimit } = this.#settings;
    const free = Math.max(0, taskConcurrency - this.#runs.size);
    if (this.#queue.size - free >= taskQueueLimit) throw new GlossaError('OVERLOADED', 'too many tasks wait');
    const createdAt = this.#clock();
    const task = { id: randomUUID(), kind, owner, input, createdAt };
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
    // SQLite would compare texts that no id can be, and cut them at a NUL.
    if (!TASK_ID.test(id)) return undefined;
    const task = this.#table.find(id, this.#expiry());
    return task === undefined ? undefined : this.#withProgress(task);
  }

  list(owner: string, limit: number): Task[] {
    if (this.#isClosed) throw closed();
    return this.#table.list(owner, this.#expiry(), limit).map((task) => this.#withProgress(task));
  }

  cancel(id: string): Task | undefined {
    if (this.find(id)?.endedAt === null) {
      const progress = this.#runs.get(id)?.progress;
      this.#table.end(id, { state: 'cancelled', ...(progress !== undefined && { progress }) }, this.#clock());
      this.#queue.remove(id);
      // Its place is free when its run has come to rest.
      this.#runs.get(id)?.stop.abort();
      this.#waiters.tell(id);
    }
    return this.find(id);
  }

  async waitForEnd(id: string, timeoutMs: number, signal?: AbortSignal): Promise<Task | undefined> {
    const task = this.find(id);
    if (task?.endedAt !== null || this.#stopping.signal.aborted) return task;
    await this.#waiters.wait(id, timeoutMs, signal);
    return this.find(id);
  }

  async stop(): Promise<void> {
    this.#stopped ??= this.#stop();
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

  async #stop(): Promise<void> {
    clearInterval(this.#saving);
    clearTimeout(this.#purging);
    // What is to be kept is written before anything is waited for.
    this.#saveProgress();
    try {
      this.#table.requeue();
    } catch (error) {
      this.#log.error({ err: error }, 'tasks that are interrupted now will count as interrupted by a crash');
    }
    this.#stopping.abort();
    for (const { stop } of this.#runs.values()) stop.abort();
    this.#waiters.release();
    await Promise.race([Promise.all(this.#ends), sleep(STOP_MS, undefined, { ref: false })]);
  }

  /** Begins tasks in a turn of its own: whoever starts one is answered first, and all kinds are registered first. */
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
      if (this.#stopping.signal.aborted || !this.#mayRun(next)) return;
      try {
        if (this.#table.begin(next.id, this.#clock())) this.#run(next);
        this.#queue.remove(next.id);
      } catch (error) {
        this.#log.error({ err: error, task: next.id }, 'a task could not be begun; it will be tried again');
        setTimeout(() => {
          this.#beginSoon();
        }, RETRY_MS.first).unref();
        return;
      }
    }
  }

  #mayRun(task: WaitingTask): boolean {
    if (this.#runs.size === 0) return true;
    if (isSuspicious(task) || [...this.#runs.values()].some((run) => run.isSuspicious)) return false;
    return this.#runs.size < this.#settings.taskConcurrency;
  }

  #run(task: WaitingTask): void {
    const { id } = task;
    const run: Run = {
      stop: new AbortController(),
      isSuspicious: isSuspicious(task),
      progress: null,
      isSaved: true,
    };
    this.#runs.set(id, run);
    const end = this.#outcome(task, run)
      .then((outcome) => this.#end(id, outcome))
      .finally(() => {
        this.#runs.delete(id);
        this.#ends.delete(end);
        this.#beginSoon();
      });
    this.#ends.add(end);
  }

  async #outcome({ id, kind }: WaitingTask, run: Run): Promise<TaskEnd> {
    const { signal } = run.stop;
    try {
      const task = this.#table.find(id, this.#expiry());
      const work = this.#kinds.get(kind);
      if (task === undefined || work === undefined) throw new Error('the task or its kind is gone');
      run.progress = task.progress;
      const report = (progress: JsonValue): void => {
        run.progress = progress;
        run.isSaved = false;
      };
      const output = await work.run(task.input, { signal, progress: task.progress, report });
      // Made into JSON here, where what can't be fails the task.
      return { state: 'finished', output: JSON.parse(JSON.stringify(output)) as JsonValue, progress: null };
    } catch (thrown) {
      const { code, message, cause } = GlossaError.from(thrown);
      if (!signal.aborted) this.#log.warn({ task: id, code, err: cause }, 'a task failed');
      return { state: 'failed', error: { code, message }, progress: run.progress };
    }
  }

  /** Writes an end, however long the disk refuses it. An interrupted run has none: its task waits again. */
  async #end(id: string, end: TaskEnd): Promise<void> {
    if (this.#runs.get(id)?.stop.signal.aborted === true) return;
    const { signal } = this.#stopping;
    for (let pause = RETRY_MS.first; ; pause = Math.min(2 * pause, RETRY_MS.most)) {
      try {
        this.#table.end(id, end, this.#clock());
        this.#waiters.tell(id);
        return;
      } catch (error) {
        this.#log.error(
          { err: error, task: id },
          "a task's end could not be written; it will be tried again",
        );
        if (signal.aborted) return;
        // The server's end is one more attempt.
        await sleep(pause, undefined, { signal, ref: false }).catch(() => undefined);
      }
    }
  }

  #saveProgress(): void {
    const unsaved = [...this.#runs].filter(([, run]) => !run.isSaved);
    if (unsaved.length === 0) return;
    try {
      this.#table.saveProgress(new Map(unsaved.map(([id, run]) => [id, JSON.stringify(run.progress)])));
      for (const [, run] of unsaved) run.isSaved = true;
    } catch (error) {
      this.#log.error({ err: error }, 'the progress of tasks could not be saved; it will be tried again');
    }
  }

  #purge(): void {
    let deleted = 0;
    try {
      deleted = this.#table.purge(this.#expiry(), PURGE_BATCH);
    } catch (error) {
      this.#log.error({ err: error }, 'expired tasks could not be deleted; it will be tried again');
    }
    const pause = deleted === PURGE_BATCH ? PURGE_SOON_MS : PURGE_MS;
    this.#purging = setTimeout(() => {
      this.#purge();
    }, pause).unref();
  }

  /** What ended then or earlier is forgotten. */
  #expiry(): number {
    return this.#clock() - this.#settings.taskRetention * 1000;
  }

  #withProgress(task: Task): Task {
    const run = this.#runs.get(task.id);
    return run === undefined || task.endedAt !== null ? task : { ...task, progress: run.progress };
  }
}

function closed(): GlossaError {
  return new GlossaError('CLOSED', 'the server is shutting down');
}
