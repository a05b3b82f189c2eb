import type { WaitingTask } from './task-table.js';

/** The tasks that wait, in the order of their start; aside from them those of kinds that nobody has registered yet. */
export class TaskQueue {
  #waiting = new Map<string, WaitingTask>();
  #strangers: WaitingTask[];

  constructor(waiting: readonly WaitingTask[]) {
    this.#strangers = [...waiting];
  }

  /** Tasks that could run. */
  get size(): number {
    return this.#waiting.size;
  }

  /** Lets the tasks of a kind take their places. */
  register(kind: string): void {
    const known = this.#strangers.filter((task) => task.kind === kind);
    if (known.length === 0) return;
    this.#strangers = this.#strangers.filter((task) => task.kind !== kind);
    const all = [...this.#waiting.values(), ...known].sort((one, other) => one.number - other.number);
    this.#waiting = new Map(all.map((task) => [task.id, task]));
  }

  /** Adds a task that was started after all others. */
  add(task: WaitingTask): void {
    this.#waiting.set(task.id, task);
  }

  /** The one whose turn it is. */
  first(): WaitingTask | undefined {
    return this.#waiting.values().next().value;
  }

  remove(id: string): void {
    if (!this.#waiting.delete(id)) this.#strangers = this.#strangers.filter((task) => task.id !== id);
  }
}
