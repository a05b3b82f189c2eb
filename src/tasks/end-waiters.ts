/** The longest that Node's timers can wait. */
const MOST_MS = 0x7fffffff;

/** Those who wait for the ends of tasks. One costs a timer and an entry; none is left behind by one that gave up. */
export class EndWaiters {
  readonly #waiters = new Map<string, Set<() => void>>();

  /** How many wait. */
  get size(): number {
    let size = 0;
    for (const waiters of this.#waiters.values()) size += waiters.size;
    return size;
  }

  /** Resolves when the task's end is told, all are released, the time is over, or the signal is aborted. */
  async wait(id: string, timeoutMs: number, signal?: AbortSignal): Promise<void> {
    if (!(timeoutMs > 0) || signal?.aborted === true) return;
    const waiters = this.#waiters.get(id) ?? new Set();
    this.#waiters.set(id, waiters);
    await new Promise<void>((resolve) => {
      const settle = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', settle);
        waiters.delete(settle);
        if (waiters.size === 0 && this.#waiters.get(id) === waiters) this.#waiters.delete(id);
        resolve();
      };
      const timer = setTimeout(settle, Math.min(timeoutMs, MOST_MS));
      signal?.addEventListener('abort', settle);
      waiters.add(settle);
    });
  }

  /** A task has ended. */
  tell(id: string): void {
    for (const settle of [...(this.#waiters.get(id) ?? [])]) settle();
  }

  /** Lets all go. */
  release(): void {
    for (const id of [...this.#waiters.keys()]) this.tell(id);
  }
}
