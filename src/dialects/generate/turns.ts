import { abortable } from '../../abortable.js';
import { GlossaError } from '../../errors.js';

/** Requests that may wait for others with the same ids. */
const MOST_WAITING = 32;

/** Lets requests of the same ids run one after the other, in the order in which they came. */
export class Turns {
  /** By key: the end of the last request, and how many have not ended. */
  readonly #lines = new Map<string, { last: Promise<void>; length: number }>();

  /**
   * Waits for its turn. The returned function ends it, and has to be called.
   *
   * @throws GlossaError OVERLOADED if too many wait already; CANCELLED if `signal` is aborted
   */
  async take(key: string, signal: AbortSignal): Promise<() => void> {
    const line = this.#lines.get(key) ?? { last: Promise.resolve(), length: 0 };
    if (line.length > MOST_WAITING)
      throw new GlossaError('OVERLOADED', 'too many requests wait for others with the same request_ids');
    this.#lines.set(key, line);
    const before = line.last;
    let end: (() => void) | undefined;
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    line.last = before.then(() => ended);
    line.length += 1;
    const leave = (): void => {
      end?.();
      line.length -= 1;
      if (line.length === 0) this.#lines.delete(key);
    };
    try {
      await abortable(before, signal, () => new GlossaError('CANCELLED', 'the request was cancelled'));
    } catch (error) {
      leave();
      throw error;
    }
    return leave;
  }
}
