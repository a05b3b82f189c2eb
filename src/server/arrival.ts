import { GlossaError } from '../errors.js';

/** A request that is still being read: tells whoever waits for its body that it takes too long. */
export class Arrival {
  #giveUp: ((error: GlossaError) => void) | undefined;

  /**
   * A body, as long as it arrives in time.
   *
   * @throws GlossaError REQUEST_TIMEOUT; what `body` rejects with
   */
  async inTime<T>(body: Promise<T>): Promise<T> {
    const late = new Promise<never>((_, reject) => {
      this.#giveUp = reject;
    });
    try {
      return await Promise.race([body, late]);
    } finally {
      this.#giveUp = undefined;
    }
  }

  /** Time is over. Gives whether somebody waited for the body, who answers then. */
  expire(): boolean {
    const giveUp = this.#giveUp;
    giveUp?.(new GlossaError('REQUEST_TIMEOUT', 'the request did not arrive in time; see requestTimeout'));
    return giveUp !== undefined;
  }
}
