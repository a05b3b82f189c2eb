/** Items that may wait for a slow reader before what makes them is held up. */
const MOST_WAITING = 256;

/** How sources are read beside each other. */
export interface InterleaveOptions {
  /** Sources that are read at the same time. */
  readonly atOnce: number;
  /** Aborted at the end, whatever it was: sources that are still running must end then. */
  readonly stop: AbortController;
}

/**
 * Items of several sources as they come, each source's in its order. The next source begins where another has ended.
 *
 * @throws what the first source throws that fails; the others are stopped then
 */
export async function* interleave<T>(
  sources: Iterable<AsyncIterable<T>>,
  { atOnce, stop }: InterleaveOptions,
): AsyncGenerator<T, void> {
  const state = new Meeting<T>();
  const waiting = sources[Symbol.iterator]();
  const read = async (): Promise<void> => {
    for (let next = waiting.next(); next.done !== true && !stop.signal.aborted; next = waiting.next())
      for await (const item of next.value) await state.put(item);
  };
  let reading = atOnce;
  for (let reader = 0; reader < atOnce; reader += 1)
    void read()
      .catch((error: unknown) => {
        state.fail(error);
        stop.abort();
      })
      .finally(() => {
        reading -= 1;
        if (reading === 0) state.end();
      });
  try {
    yield* state.items();
  } finally {
    stop.abort();
    state.leave();
  }
}

/** Where items wait for their one reader. */
class Meeting<T> {
  #items: T[] = [];
  #failure: { readonly error: unknown } | undefined;
  #ended = false;
  #left = false;
  #wakeReader: (() => void) | undefined;
  #wakeWriters: (() => void)[] = [];

  async put(item: T): Promise<void> {
    if (this.#left) return;
    this.#items.push(item);
    this.#wakeReader?.();
    if (this.#items.length >= MOST_WAITING)
      await new Promise<void>((resolve) => this.#wakeWriters.push(resolve));
  }

  /** Only the first failure counts: the others follow from it. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#wakeReader?.();
  }

  end(): void {
    this.#ended = true;
    this.#wakeReader?.();
  }

  leave(): void {
    this.#left = true;
    this.#items = [];
    this.#admit();
  }

  /** What came before a failure is given before it. */
  async *items(): AsyncGenerator<T, void> {
    for (;;) {
      const items = this.#items;
      this.#items = [];
      this.#admit();
      yield* items;
      if (this.#items.length > 0) continue;
      if (this.#failure !== undefined) throw this.#failure.error;
      if (this.#ended) return;
      await new Promise<void>((resolve) => (this.#wakeReader = resolve));
    }
  }

  #admit(): void {
    for (const wake of this.#wakeWriters.splice(0)) wake();
  }
}
