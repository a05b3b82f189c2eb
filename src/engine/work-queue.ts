import { GlossaError } from '../errors.js';

/** Lets a few pieces of asynchronous work run at a time, the others wait in the order in which they came. */
export class WorkQueue {
  #free: number;
  readonly #waiting = new Set<() => void>();

  /** @param atOnce pieces that run at a time at most */
  constructor(atOnce: number) {
    this.#free = atOnce;
  }

  /**
   * Runs `work` when it is its turn.
   *
   * @param signal aborting it drops work that still waits; what has begun is run to its end
   * @throws GlossaError CANCELLED for dropped work; whatever the work throws
   */
  async run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (signal?.aborted === true) throw cancelled();
    if (this.#free > 0) this.#free -= 1;
    else await this.#turn(signal);
    try {
      return await work();
    } finally {
      this.#passOn();
    }
  }

  /** Resolves once the place of work that has ended is this one's. */
  #turn(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const start = (): void => {
        signal?.removeEventListener('abort', drop);
        resolve();
      };
      const drop = (): void => {
        this.#waiting.delete(start);
        reject(cancelled());
      };
      signal?.addEventListener('abort', drop, { once: true });
      this.#waiting.add(start);
    });
  }

  #passOn(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#free += 1;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}

function cancelled(): GlossaError {
  return new GlossaError('CANCELLED', 'the request was cancelled');
}
