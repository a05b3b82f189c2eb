import type { Listener } from './listen.js';

/** How long requests get to write their last words after `beforeCut`. */
const LAST_WORDS_MS = 2000;
/** How long clients of WebSockets get to answer that their socket is closed. */
const FAREWELL_MS = 1000;

/** All ports of a server: they open together and stop together. */
export class ListenerGroup {
  readonly #listeners: readonly Listener[];
  #stopped: Promise<void> | undefined;

  private constructor(listeners: readonly Listener[]) {
    this.#listeners = listeners;
  }

  /**
   * Opens listeners one after the other; if one fails, the earlier ones are closed again.
   *
   * @throws what the one that failed threw
   */
  static async open(openers: readonly (() => Promise<Listener>)[]): Promise<ListenerGroup> {
    const listeners: Listener[] = [];
    try {
      for (const open of openers) listeners.push(await open());
    } catch (error) {
      const closed = listeners.map((listener) => listener.close());
      for (const listener of listeners) listener.cut();
      await Promise.all(closed);
      throw error;
    }
    return new ListenerGroup(listeners);
  }

  /** In the order of their openers. */
  get urls(): readonly string[] {
    return this.#listeners.map(({ url }) => url);
  }

  /** Requests that are being answered, and open WebSockets. */
  get activeRequests(): number {
    return this.#listeners.reduce((sum, listener) => sum + listener.activeRequests, 0);
  }

  /**
   * Stops accepting, waits up to `seconds` for running requests and WebSockets, and cuts off what is left then.
   * `beforeCut` is called in between to let them end by themselves. Idempotent.
   */
  async stop(seconds: number, beforeCut: () => Promise<void>): Promise<void> {
    this.#stopped ??= this.#stop(seconds, beforeCut);
    await this.#stopped;
  }

  async #stop(seconds: number, beforeCut: () => Promise<void>): Promise<void> {
    const closed = Promise.all(this.#listeners.map((listener) => listener.close()));
    if (!(await endsWithin(closed, seconds * 1000))) {
      await beforeCut();
      if (!(await endsWithin(closed, LAST_WORDS_MS))) {
        for (const listener of this.#listeners) listener.closeWebSockets();
        await endsWithin(closed, FAREWELL_MS);
      }
    }
    for (const listener of this.#listeners) listener.cut();
    await closed;
  }
}

async function endsWithin(promise: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, ms, false);
  });
  const ended = await Promise.race([promise.then(() => true), timeout]);
  clearTimeout(timer);
  return ended;
}
