import { randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';

import { GlossaError } from '../../src/errors.js';
import type { JsonValue, Task, TaskKind, TaskPage, TaskService } from '../../src/tasks/task.js';

/** Tasks in memory, each begun at once. */
export class FakeTasks implements TaskService {
  readonly #kinds = new Map<string, TaskKind>();
  readonly #tasks = new Map<string, Task>();
  readonly #runs = new Map<string, AbortController>();
  readonly #ended = new EventEmitter().setMaxListeners(0);

  register(kind: TaskKind): void {
    this.#kinds.set(kind.name, kind);
  }

  start(kind: string, owner: string, input: JsonValue): Task {
    const now = Date.now();
    const id = randomUUID();
    const task: Task = {
      ...{ id, kind, owner, input, state: 'running', progress: null, output: null, error: null },
      ...{ createdAt: now, startedAt: now, endedAt: null },
    };
    this.#tasks.set(id, task);
    void this.#run(task);
    return task;
  }

  find(id: string): Task | undefined {
    return this.#tasks.get(id);
  }

  list(owner: string, { limit, before }: TaskPage): Task[] {
    const own = [...this.#tasks.values()].filter((task) => task.owner === owner).toReversed();
    const first = before === undefined ? 0 : own.findIndex(({ id }) => id === before) + 1;
    return own.slice(first, first + limit);
  }

  cancel(id: string): Task | undefined {
    this.#end(id, { state: 'cancelled' });
    this.#runs.get(id)?.abort();
    return this.find(id);
  }

  async waitForEnd(id: string, timeoutMs: number, signal?: AbortSignal): Promise<Task | undefined> {
    const stop = AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(signal === undefined ? [] : [signal])]);
    while (this.find(id)?.endedAt === null && !stop.aborted) {
      await once(this.#ended, id, { signal: stop }).catch(() => undefined);
    }
    return this.find(id);
  }

  async #run({ id, owner, kind, input }: Task): Promise<void> {
    const stop = new AbortController();
    this.#runs.set(id, stop);
    const report = (progress: JsonValue): void => {
      this.#change(id, { progress });
    };
    const given = { owner, signal: stop.signal, progress: null, report };
    try {
      const output = await this.#kinds.get(kind)?.run(input, given);
      this.#end(id, { state: 'finished', output: output ?? null });
    } catch (error) {
      const { code, message } = GlossaError.from(error);
      this.#end(id, { state: 'failed', error: { code, message } });
    }
  }

  #end(id: string, change: Partial<Task>): void {
    if (this.find(id)?.endedAt === null) this.#change(id, { ...change, endedAt: Date.now() });
    this.#ended.emit(id);
  }

  #change(id: string, change: Partial<Task>): void {
    const task = this.find(id);
    if (task !== undefined) this.#tasks.set(id, { ...task, ...change });
  }
}
