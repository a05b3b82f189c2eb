const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 10_000;
/** A process that ran this long was healthy: its next death counts as a first one. */
const HEALTHY_MS = 60_000;
/** Deaths in a row after which requests are no longer kept waiting for the next start. */
const PATIENCE = 4;

/** When a process that died is started again: at once at first, then with doubling delays. */
export class RestartPolicy {
  #deaths = 0;
  #startedAt: number | null = null;
  #timer: NodeJS.Timeout | null = null;

  /** Whether the process has died so often that waiting for it is no service to anyone. */
  get isHopeless(): boolean {
    return this.#deaths >= PATIENCE;
  }

  /** The process is up. */
  started(): void {
    this.#startedAt = performance.now();
  }

  /** The process died: runs `start` after a delay that grows with every death in a row. */
  schedule(start: () => void): void {
    if (this.#startedAt !== null && performance.now() - this.#startedAt > HEALTHY_MS) this.#deaths = 0;
    this.#startedAt = null;
    const delay = Math.min(FIRST_DELAY_MS * 2 ** this.#deaths, LONGEST_DELAY_MS);
    this.#deaths += 1;
    this.#timer = setTimeout(start, delay);
  }

  cancel(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
