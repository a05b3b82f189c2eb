import type { WaitingTask } from './task-table.js';

/**
 * The tasks that wait. Owners take turns; an owner's tasks wait in the order in which they were added. Aside from them:
 * those of kinds that nobody has registered yet.
 */
export class TaskQueue {
  /** By owner, none of which is without a task; the one comes first whose turn it is. */
  readonly #owners = new Map<string, Map<string, WaitingTask>>();
  #strangers: readonly WaitingTask[];

  constructor(waiting: readonly WaitingTask[]) {
    this.#strangers = waiting;
  }

  /** Tasks that could run. */
  get size(): number {
    let size = 0;
    for (const tasks of this.#owners.values()) size += tasks.size;
    return size;
  }

  /** Lets the tasks of a kind take their places, in the order of their start. */
  register(kind: string): void {
    const known = this.#strangers.filter((task) => task.kind === kind);
    if (known.length === 0) return;
    this.#strangers = this.#strangers.filter((task) => task.kind !== kind);
    const waiting = [...this.#owners.values()].flatMap((tasks) => [...tasks.values()]);
    this.#owners.clear();
    for (const task of [...waiting, ...known].sort((one, other) => one.number - other.number)) this.add(task);
  }

  /** Adds a task behind all others of its owner. */
  add(task: WaitingTask): void {
    const tasks = this.#owners.get(task.owner) ?? new Map<string, WaitingTask>();
    this.#owners.set(task.owner, tasks.set(task.id, task));
  }

  /** The one whose turn it is. */
  first(): WaitingTask | undefined {
    const [tasks] = this.#owners.values();
    const [task] = tasks?.values() ?? [];
    return task;
  }

  /** Takes out a task that begins: its owner's next one has its turn after everybody else's. */
  take({ id, owner }: WaitingTask): void {
    const tasks = this.#owners.get(owner);
    this.#owners.delete(owner);
    tasks?.delete(id);
    if (tasks !== undefined && tasks.size > 0) this.#owners.set(owner, tasks);
  }

  /** Takes out a task that will not begin. */
  remove(id: string): void {
    for (const [owner, tasks] of this.#owners) {
      if (!tasks.delete(id)) continue;
      if (tasks.size === 0) this.#owners.delete(owner);
      return;
    }
    this.#strangers = this.#strangers.filter((task) => task.id !== id);
  }
}
