import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

import type { Settings } from '../../src/config/schema.js';
import type { OpenTasks } from '../../src/tasks/durable-tasks.js';
import { openTasks } from '../../src/tasks/open.js';
import type { JsonValue, TaskKind, TaskRun, TaskService, TaskState } from '../../src/tasks/task.js';
import { TaskTable } from '../../src/tasks/task-table.js';
import { silent } from '../fakes/server.js';

/** What is open in folders of tests: closed before the folder goes. */
const openInFolder = new Map<string, (() => void | Promise<void>)[]>();

/** A folder that is gone after the test. */
export function scratchFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'glossa-tasks-'));
  openInFolder.set(folder, []);
  t.after(async () => {
    for (const close of openInFolder.get(folder) ?? []) await close();
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

/** The table of a scratch folder, closed after the test. */
export function openedTable(folder: string): TaskTable {
  const table = new TaskTable(folder, 0);
  openInFolder.get(folder)?.push(() => {
    table.close();
  });
  return table;
}

/** What a test opens tasks with. */
export interface OpenOptions {
  readonly settings?: Partial<Settings>;
  readonly clock?: () => number;
}

/** Settings of tasks in a folder, with the defaults of the configuration. */
export function taskSettings(
  stateDir: string,
  settings: Partial<Settings> = {},
): Pick<Settings, 'stateDir' | 'taskRetention' | 'taskQueueLimit' | 'taskConcurrency'> {
  return { stateDir, taskRetention: 604_800, taskQueueLimit: 10_000, taskConcurrency: 4, ...settings };
}

/** The tasks of a scratch folder, closed after the test. */
export function opened(folder: string, { settings, clock }: OpenOptions = {}): OpenTasks {
  const options = { settings: taskSettings(folder, settings), log: silent };
  const tasks = openTasks({ ...options, ...(clock !== undefined && { clock }) });
  openInFolder.get(folder)?.push(() => tasks.close());
  return tasks;
}

/** One run of a task that goes on until the test ends it. */
export interface HeldRun {
  readonly input: JsonValue;
  readonly run: TaskRun;
  readonly finish: (output: JsonValue) => void;
  readonly fail: (error: Error) => void;
}

/** A kind whose tasks do what the test says; its runs in the order in which they began. */
export class HeldKind implements TaskKind {
  readonly runs: HeldRun[] = [];

  constructor(readonly name = 'held') {}

  /** Inputs of the runs so far. */
  get inputs(): JsonValue[] {
    return this.runs.map(({ input }) => input);
  }

  run(input: JsonValue, run: TaskRun): Promise<JsonValue> {
    return new Promise((resolve, reject) => {
      this.runs.push({ input, run, finish: resolve, fail: reject });
      // As kinds do whose engine is told to stop.
      run.signal.addEventListener('abort', () => {
        reject(new Error('aborted'));
      });
    });
  }
}

/** Does its task at once: the output is what the input was. */
export const echo: TaskKind = { name: 'echo', run: (input) => Promise.resolve({ echo: input }) };

/** Starts `count` tasks whose inputs are 0, 1, ... and gives their ids. */
export function startMany(tasks: TaskService, count: number, kind = 'held', owner = 'me'): string[] {
  return Array.from({ length: count }, (_, index) => tasks.start(kind, owner, index).id);
}

/** Lets tasks begin that can: they do in a turn of their own. */
export async function settled(turns = 5): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
}

export function statesOf(tasks: TaskService, ids: readonly string[]): (TaskState | undefined)[] {
  return ids.map((id) => tasks.find(id)?.state);
}
