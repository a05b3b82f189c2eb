import type { NativeEvent } from './native-engine.js';

/**
 * Least time between two messages that hold nothing but tokens. A small model takes 3 to 5 ms a step; a message for
 * each would cost the server, and every client, a wake-up that the compute threads have to give their core for.
 * Nobody sees text arrive in more than a hundred pieces a second.
 */
const INTERVAL_MS = 10;

/**
 * Passes the events of steps on, those of quick steps together. The first tokens after a pause go at once, and so does
 * whatever is not a token: beginnings, ends and failures never wait.
 */
export class StepSender {
  readonly #send: (events: readonly NativeEvent[], sent: () => void) => void;
  readonly #now: () => number;
  #events: NativeEvent[] = [];
  #acknowledgements: (() => void)[] = [];
  #lastSent = -Infinity;
  #timer: NodeJS.Timeout | null = null;

  /**
   * @param send hands a message over; `sent` is to be called once it has left the process
   * @param now milliseconds, for tests
   */
  constructor(
    send: (events: readonly NativeEvent[], sent: () => void) => void,
    now: () => number = () => performance.now(),
  ) {
    this.#send = send;
    this.#now = now;
  }

  /** Takes the events of one step; `acknowledge` is called when they have left. */
  push(events: readonly NativeEvent[], acknowledge: () => void): void {
    this.#events = this.#events.length === 0 ? [...events] : this.#events.concat(events);
    this.#acknowledgements.push(acknowledge);
    const wait = this.#lastSent + INTERVAL_MS - this.#now();
    if (wait <= 0 || events.some(([type]) => type !== 'token')) this.#flush();
    else
      this.#timer ??= setTimeout(() => {
        this.#flush();
      }, wait);
  }

  #flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#acknowledgements.length === 0) return;
    const acknowledgements = this.#acknowledgements;
    const events = this.#events;
    this.#acknowledgements = [];
    this.#events = [];
    this.#lastSent = this.#now();
    this.#send(events, () => {
      for (const acknowledge of acknowledgements) acknowledge();
    });
  }
}
