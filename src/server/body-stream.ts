/** Bytes that may wait for a slow reader before `write` asks to pause. */
const HIGH_WATER_BYTES = 64 * 1024;

/**
 * A response's body that is written while it is being sent. Everything written within one turn of the event
 * loop leaves as one chunk: an engine's step hands over the tokens of many sequences at once.
 */
export class BodyStream {
  /** For the Response. */
  readonly readable: ReadableStream<Uint8Array>;
  readonly #left = new AbortController();
  readonly #controller: ReadableStreamDefaultController<Uint8Array>;
  readonly #encode: (text: string) => Uint8Array;
  #pending = '';
  #flush: NodeJS.Immediate | undefined;
  #ended = false;
  #breakOff: (() => void) | undefined;
  #drained: (() => void) | undefined;

  /** @param encode what the text of one chunk is sent as; default: its UTF-8 bytes */
  constructor(encode: (text: string) => Uint8Array = (text) => Buffer.from(text)) {
    this.#encode = encode;
    let captured: ReadableStreamDefaultController<Uint8Array> | undefined;
    this.readable = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          captured = controller;
        },
        pull: () => {
          this.#wake();
          this.#breakOffIfTaken();
        },
        cancel: () => {
          this.#ended = true;
          this.#left.abort();
          this.#wake();
        },
      },
      { highWaterMark: HIGH_WATER_BYTES, size: (chunk) => chunk.byteLength },
    );
    if (captured === undefined) throw new Error('a stream starts when it is made');
    this.#controller = captured;
  }

  /** Aborted when the reader leaves before the end. */
  get left(): AbortSignal {
    return this.#left.signal;
  }

  /**
   * Adds text to what is sent next. Text must hold whole code points: readers may decode each chunk alone.
   *
   * @returns whether to go on; if false, wait for `drained()` first
   */
  write(text: string): boolean {
    if (this.#ended) return true;
    this.#pending += text;
    this.#flush ??= setImmediate(() => {
      this.#send();
    });
    return this.#pending.length < HIGH_WATER_BYTES && (this.#controller.desiredSize ?? 0) > 0;
  }

  /** Resolves once the reader has caught up, or has left. */
  async drained(): Promise<void> {
    this.#send();
    if (this.#ended || (this.#controller.desiredSize ?? 0) > 0) return;
    await new Promise<void>((resolve) => {
      this.#drained = resolve;
    });
  }

  /** Sends what is pending, then `last` as it is, and ends the body as complete. Idempotent. */
  close(last?: Uint8Array): void {
    if (this.#ended) return;
    this.#send();
    if (last !== undefined) this.#controller.enqueue(last);
    this.#ended = true;
    this.#controller.close();
  }

  /**
   * Sends what is pending, then `text` as a chunk of its own, and breaks the connection off: a clean end would make the
   * error look like a part of the text. Idempotent.
   *
   * @param breakOff ends the connection; default: the readable fails. Hono's Node server answers such a failure with a
   *   line on standard error and with words of its own at the text's end (2.1.8), so give one where there is a socket.
   */
  fail(text: string, breakOff?: () => void): void {
    if (this.#ended) return;
    this.#send();
    this.#ended = true;
    this.#breakOff =
      breakOff ??
      (() => {
        this.#controller.error(new Error('the body ended with an error'));
      });
    this.#wake();
    this.#controller.enqueue(Buffer.from(text));
  }

  #send(): void {
    clearImmediate(this.#flush);
    this.#flush = undefined;
    if (this.#ended || this.#pending === '') return;
    this.#controller.enqueue(this.#encode(this.#pending));
    this.#pending = '';
  }

  /**
   * Ends a body that failed once everything of it was taken: what still waits would be lost. A turn of the event loop
   * later, the last chunk has left the process too.
   */
  #breakOffIfTaken(): void {
    const breakOff = this.#breakOff;
    if (breakOff === undefined || this.#controller.desiredSize !== HIGH_WATER_BYTES) return;
    this.#breakOff = undefined;
    setImmediate(() => {
      if (!this.#left.signal.aborted) breakOff();
    });
  }

  #wake(): void {
    this.#drained?.();
    this.#drained = undefined;
  }
}
