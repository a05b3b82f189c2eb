/** What can be written as JSON. */
export type JsonValue =
  null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };

export type TaskState = 'queued' | 'running' | 'finished' | 'failed' | 'cancelled';

/** A task as lists have it. */
export interface ListedTask {
  /** Random (UUID), so that it may serve as a secret. */
  readonly id: string;
  /** Who runs it, see `TaskKind`. */
  readonly kind: string;
  /** Id of the API key it was started with; the empty text without keys. */
  readonly owner: string;
  readonly state: TaskState;
  /** Why it failed, for its client; null unless it did. */
  readonly error: { readonly code: string; readonly message: string } | null;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
}

/** A job that goes on without its client: it survives the server's end, and its result can be asked for later. */
export interface Task extends ListedTask {
  readonly input: JsonValue;
  /** What was last reported of a task that is not finished: null before that. */
  readonly progress: JsonValue;
  /** Null until the task is finished. */
  readonly output: JsonValue;
}

/** A part of a list of tasks. */
export interface TaskPage {
  /** Tasks at most. */
  readonly limit: number;
  /** Id of a task: those that were started before it. Absent: from the newest on. */
  readonly before?: string;
}

/** What a running task is given. */
export interface TaskRun {
  /** Id of the API key that the task was started with; the empty text without keys. */
  readonly owner: string;
  /** Aborted when the task is cancelled, when the server stops or others are to have its place: it will be run again. */
  readonly signal: AbortSignal;
  /** What an earlier, interrupted run saved last; null if nothing. */
  readonly progress: JsonValue;
  /**
   * Shows progress, and from time to time keeps it for a run after an interruption. This is where a task gives way that
   * has run for a while and keeps others waiting: the run is aborted by then, and what was reported is kept.
   */
  report(progress: JsonValue): void;
}

/** How tasks of one kind are done. */
export interface TaskKind {
  readonly name: string;
  /**
   * Does the task and gives its output. What it throws fails the task; an interrupted one is run again.
   *
   * @throws GlossaError
   */
  run(input: JsonValue, run: TaskRun): Promise<JsonValue>;
}

/** Durable tasks, begun in the order of their start, while their owners take turns, with a bounded number at a time. */
export interface TaskService {
  /** Says how tasks of a kind are done. Unfinished ones of an earlier server begin once its kind is known. */
  register(kind: TaskKind): void;
  /**
   * Takes a task on: it is on disk when this returns.
   *
   * @throws GlossaError OVERLOADED if too many wait; CLOSED; INTERNAL if the disk refuses it
   */
  start(kind: string, owner: string, input: JsonValue): Task;
  /** Undefined if there is none, or none any more. */
  find(id: string): Task | undefined;
  /**
   * An owner's tasks, the newest first.
   *
   * @throws GlossaError TASK_NOT_FOUND if the owner has no such task as the page is to come before
   */
  list(owner: string, page: TaskPage): ListedTask[];
  /** Ends a task that has not ended. Gives its state after that; undefined if there is none. */
  cancel(id: string): Task | undefined;
  /** Resolves when the task has ended, `timeoutMs` are over or `signal` is aborted, with the task as it is then. */
  waitForEnd(id: string, timeoutMs: number, signal?: AbortSignal): Promise<Task | undefined>;
}
