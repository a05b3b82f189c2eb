/** Milliseconds that something counts against a limit a minute. */
export const MINUTE_MS = 60_000;
/** What is taken within this time is remembered as one, as if all of it were taken last. */
const MERGED_MS = 100;

interface Slot {
  readonly first: number;
  last: number;
  count: number;
}

/** What was taken in the last 60 seconds, of a limit; at most 601 numbers, whatever is taken. */
export class SlidingMinute {
  readonly limit: number;
  readonly #now: () => number;
  /** The oldest first. */
  readonly #slots: Slot[] = [];
  #used = 0;

  /** @param now milliseconds, never going back */
  constructor(limit: number, now: () => number) {
    this.limit = limit;
    this.#now = now;
  }

  /** Taken in the last 60 seconds. */
  get used(): number {
    this.#forget();
    return this.#used;
  }

  /** Milliseconds until nothing of what was taken counts any more. */
  get clearMs(): number {
    this.#forget();
    const newest = this.#slots.at(-1);
    return newest === undefined ? 0 : newest.last + MINUTE_MS - this.#now();
  }

  /** Notes what is taken now, whether it fits or not. */
  take(count: number): void {
    if (count <= 0) return;
    this.#forget();
    const now = this.#now();
    const newest = this.#slots.at(-1);
    this.#used += count;
    if (newest === undefined || now - newest.first >= MERGED_MS) {
      this.#slots.push({ first: now, last: now, count });
      return;
    }
    newest.last = now;
    newest.count += count;
  }

  /** Milliseconds until `count` more fit, if nothing else is taken meanwhile; Infinity if they never do. */
  waitMs(count: number): number {
    this.#forget();
    if (count > this.limit) return Infinity;
    let used = this.#used;
    if (used + count <= this.limit) return 0;
    for (const { last, count: freed } of this.#slots) {
      used -= freed;
      if (used + count <= this.limit) return last + MINUTE_MS - this.#now();
    }
    return 0;
  }

  #forget(): void {
    const now = this.#now();
    for (let oldest = this.#slots[0]; oldest !== undefined; oldest = this.#slots[0]) {
      if (now - oldest.last < MINUTE_MS) return;
      this.#used -= oldest.count;
      this.#slots.shift();
    }
  }
}
