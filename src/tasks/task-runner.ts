import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Logger } from 'pino';

import { GlossaError } from '../errors.js';
import type { JsonValue, Task, TaskKind } from './task.js';
import type { TaskEnd, TaskTable, WaitingTask } from './task-table.js';

/** What tasks are run with. */
export interface RunnerParts {
  readonly table: TaskTable;
  readonly log: Logger;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  /** A task's end is on disk. */
  readonly onEnd: (id: string) => void;
  /** A run has come to rest, and its place is free; given the task if it has given way, and waits again. */
  readonly onRest: (again?: WaitingTask) => void;
  /** How many tasks are kept waiting by those that run. */
  readonly placesToMake: () => number;
}

/** How long a task runs before it gives way to others that wait: long enough for most, short enough to wait for. */
export const SLICE_MS = 10_000;

/** A task that the server died with this often is run alone: should it happen again, it takes no other along. */
const SUSPICIOUS = 3;

/** How often progress is saved: at most this much of it is lost. */
const SAVE_MS = 1000;
/** Pauses between attempts to write to a disk that refuses. */
const RETRY_MS = { first: 250, most: 30_000 };
/** How long stop() waits for runs that it has interrupted. */
const STOP_MS = 2000;

interface Run {
  readonly isAlone: boolean;
  readonly begunAt: number;
  /** Whether it was interrupted for others. */
  givesWay: boolean;
  readonly stop: AbortController;
  progress: JsonValue;
  isSaved: boolean;
  rest: Promise<void>;
}

/** Runs tasks, keeps their progress and writes how they end. */
export class TaskRunner {
  readonly #parts: RunnerParts;
  readonly #runs = new Map<string, Run>();
  readonly #stopping = new AbortController();
  readonly #saving: NodeJS.Timeout;

  constructor(parts: RunnerParts) {
    this.#parts = parts;
    // Every attempt to write an end listens.
    setMaxListeners(0, this.#stopping.signal);
    this.#saving = setInterval(() => {
      this.#saveProgress();
    }, SAVE_MS).unref();
  }

  /** Aborted when all runs are interrupted. */
  get stopping(): AbortSignal {
    return this.#stopping.signal;
  }

  /** Tasks that run. */
  get size(): number {
    return this.#runs.size;
  }

  /** Whether there is a place for this task among `concurrency`. */
  hasPlaceFor(task: WaitingTask, concurrency: number): boolean {
    if (this.stopping.aborted) return false;
    if (this.#runs.size === 0) return true;
    if (isSuspicious(task) || [...this.#runs.values()].some((run) => run.isAlone)) return false;
    return this.#runs.size < concurrency;
  }

  /** What a task that runs has reported, or an earlier run of it; undefined if it does not run. */
  progressOf(id: string): JsonValue | undefined {
    return this.#runs.get(id)?.progress;
  }

  /** Runs a task that has begun on disk. */
  run(waiting: WaitingTask, task: Task, kind: TaskKind): void {
    const { id, progress } = task;
    const stop = new AbortController();
    const isAlone = isSuspicious(waiting);
    const begunAt = this.#parts.clock();
    const given = { isAlone, stop, progress, begunAt };
    const run: Run = { ...given, givesWay: false, isSaved: true, rest: Promise.resolve() };
    this.#runs.set(id, run);
    run.rest = this.#outcome(task, kind, run)
      .then((end) => this.#settle(id, end, run))
      .then((waitsAgain) => {
        this.#runs.delete(id);
        this.#parts.onRest(waitsAgain ? waiting : undefined);
      });
  }

  /** Aborts a run, whose outcome has no effect then. */
  abort(id: string): void {
    const run = this.#runs.get(id);
    if (run === undefined) return;
    run.givesWay = false;
    run.stop.abort();
  }

  /** Interrupts all runs, which have no outcome then, puts their tasks back, and waits briefly for them to rest. */
  async stop(): Promise<void> {
    clearInterval(this.#saving);
    // What is to be kept is written before anything is waited for.
    this.#saveProgress();
    try {
      this.#parts.table.requeue();
    } catch (error) {
      this.#parts.log.error(
        { err: error },
        'tasks that are interrupted now will count as lost with a server',
      );
    }
    this.#stopping.abort();
    const runs = [...this.#runs.values()];
    for (const run of runs) {
      run.givesWay = false;
      run.stop.abort();
    }
    const rest = Promise.all(runs.map((run) => run.rest));
    await Promise.race([rest, sleep(STOP_MS, undefined, { ref: false })]);
  }

  async #outcome({ id, owner, input, progress }: Task, kind: TaskKind, run: Run): Promise<TaskEnd> {
    const { signal } = run.stop;
    const report = (reported: JsonValue): void => {
      run.progress = reported;
      run.isSaved = false;
      this.#giveWayIfDue(run);
    };
    try {
      const output = await kind.run(input, { owner, signal, progress, report });
      // What can't be JSON fails the task here, rather than every attempt to write its end.
      JSON.stringify(output);
      return { state: 'finished', output, progress: null };
    } catch (thrown) {
      const { code, message, cause } = GlossaError.from(thrown);
      if (!signal.aborted) this.#parts.log.warn({ task: id, code, err: cause }, 'a task failed');
      return { state: 'failed', error: { code, message }, progress: run.progress };
    }
  }

  /** Interrupts a run that has had its time and keeps others waiting, no more of them than wait. */
  #giveWayIfDue(run: Run): void {
    const { clock, placesToMake } = this.#parts;
    if (run.stop.signal.aborted || clock() - run.begunAt < SLICE_MS) return;
    const leaving = [...this.#runs.values()].filter(({ givesWay }) => givesWay).length;
    if (placesToMake() <= leaving) return;
    run.givesWay = true;
    run.stop.abort();
  }

  /** Writes what comes of a run, and tells whether the task waits again. An aborted run has no end. */
  async #settle(id: string, end: TaskEnd, run: Run): Promise<boolean> {
    const { table, clock, onEnd } = this.#parts;
    // It may have finished all the same.
    if (run.givesWay && end.state !== 'finished') {
      let waitsAgain = false;
      await this.#persist(id, () => {
        // Neither if it was cancelled while the disk refused.
        waitsAgain = run.givesWay && table.giveWay(id, run.progress);
      });
      return waitsAgain;
    }
    if (run.stop.signal.aborted && !run.givesWay) return false;
    await this.#persist(id, () => {
      table.end(id, end, clock());
      onEnd(id);
    });
    return false;
  }

  /** Writes, however long the disk refuses it. */
  async #persist(id: string, write: () => void): Promise<void> {
    const { log } = this.#parts;
    for (let pause = RETRY_MS.first; ; pause = Math.min(2 * pause, RETRY_MS.most)) {
      try {
        write();
        return;
      } catch (error) {
        log.error(
          { err: error, task: id },
          'what came of a task could not be written; it will be tried again',
        );
        // The server's end cuts a pause short for one more attempt.
        if (this.stopping.aborted) return;
        await sleep(pause, undefined, { signal: this.stopping, ref: false }).catch(() => undefined);
      }
    }
  }

  #saveProgress(): void {
    const unsaved = [...this.#runs].filter(([, run]) => !run.isSaved);
    if (unsaved.length === 0) return;
    try {
      this.#parts.table.saveProgress(new Map(unsaved.map(([id, run]) => [id, run.progress])));
      for (const [, run] of unsaved) run.isSaved = true;
    } catch (error) {
      this.#parts.log.error(
        { err: error },
        'the progress of tasks could not be saved; it will be tried again',
      );
    }
  }
}

function isSuspicious({ interruptions }: WaitingTask): boolean {
  return interruptions >= SUSPICIOUS;
}
