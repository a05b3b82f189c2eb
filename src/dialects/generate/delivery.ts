import { setImmediate as turn } from 'node:timers/promises';

/** Characters that may wait for the reader before the rows are held up. */
const MOST_PENDING = 4096;

/**
 * Hands the texts of several rows to one reader. What came within one turn of the event loop goes together: the engine's
 * step hands over the tokens of all rows at once. A reader that is slow holds up its own rows, and nobody else's.
 */
export class Delivery {
  readonly #deliver: (texts: readonly string[]) => Promise<void>;
  #texts: string[];
  #pending = 0;
  #running: Promise<void> | undefined;

  /** @param deliver takes each row's new text, often empty, and resolves when it can take more */
  constructor(rows: number, deliver: (texts: readonly string[]) => Promise<void>) {
    this.#deliver = deliver;
    this.#texts = Array.from({ length: rows }, () => '');
  }

  add(row: number, text: string): void {
    if (text === '') return;
    this.#texts[row] = (this.#texts[row] ?? '') + text;
    this.#pending += text.length;
    if (this.#running !== undefined) return;
    this.#running = this.#run();
    // Whoever waits for it gets its error.
    this.#running.catch(() => undefined);
  }

  /** Resolves when a row may go on. */
  async room(): Promise<void> {
    while (this.#pending > MOST_PENDING) await this.end();
  }

  /** Resolves when everything was delivered. */
  async end(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    await turn();
    while (this.#pending > 0) {
      const texts = this.#texts;
      this.#texts = texts.map(() => '');
      this.#pending = 0;
      await this.#deliver(texts);
    }
    this.#running = undefined;
  }
}
