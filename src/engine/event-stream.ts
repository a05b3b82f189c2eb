import { GlossaError } from '../errors.js';
import type { GenerationEvent } from '../generation/events.js';
import type { SeededRequest } from '../generation/request.js';
import type { Generation } from './engine.js';

/** Events that may wait for a slow reader before its request is paused, and when it is resumed. */
const PAUSE_ABOVE = 512;
const RESUME_BELOW = 128;

/** What a stream asks of the engine it belongs to. */
export interface StreamControls {
  cancel(sequence: number): void;
  setPaused(paused: boolean): void;
}

/**
 * The events of one generation between the engine, which pushes, and one reader, which iterates. A reader that falls
 * behind pauses its own request; nobody else's.
 */
export class EventStream implements Generation {
  readonly request: SeededRequest;
  readonly #controls: StreamControls;
  readonly #unfinished: Set<number>;
  #events: GenerationEvent[] = [];
  #read = 0;
  #error: GlossaError | null = null;
  #ended = false;
  #paused = false;
  #delivered = false;
  #iterating = false;
  #wake: (() => void) | null = null;
  #unfollow: (() => void) | null = null;

  constructor(request: SeededRequest, controls: StreamControls) {
    this.request = request;
    this.#controls = controls;
    this.#unfinished = new Set(Array.from({ length: request.numReturnSequences }, (_, index) => index));
  }

  /** Whether anything of it has reached the reader's side; until then a lost request can be repeated unnoticed. */
  get delivered(): boolean {
    return this.#delivered;
  }

  /** Whether no further event will come. */
  get ended(): boolean {
    return this.#ended;
  }

  push(event: GenerationEvent): void {
    if (this.#ended || (event.type !== 'prompt' && !this.#unfinished.has(event.sequence))) return;
    this.#delivered = true;
    this.#events.push(event);
    if (event.type === 'finish') {
      this.#unfinished.delete(event.sequence);
      if (this.#unfinished.size === 0) this.#end();
    }
    if (!this.#paused && this.#unfinished.size > 0 && this.#events.length - this.#read > PAUSE_ABOVE)
      this.#setPaused(true);
    this.#wake?.();
  }

  /** Cancels when a signal is aborted. Forgets the signal at the end: it may outlive many generations. */
  cancelOn(signal: AbortSignal): void {
    const onAbort = (): void => {
      this.cancel();
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    this.#unfollow = () => {
      signal.removeEventListener('abort', onAbort);
    };
  }

  /** Ends the stream with an error, after what was pushed before. */
  fail(error: GlossaError): void {
    if (this.#ended) return;
    this.#error = error;
    this.#end();
    this.#wake?.();
  }

  cancel(sequence?: number): void {
    if (this.#ended || (sequence !== undefined && !this.#unfinished.has(sequence))) return;
    this.#controls.cancel(sequence ?? -1);
  }

  [Symbol.asyncIterator](): AsyncIterator<GenerationEvent> {
    if (this.#iterating) throw new GlossaError('INTERNAL', 'a generation can be read only once');
    this.#iterating = true;
    return { next: () => this.#next(), return: () => this.#leave() };
  }

  async #next(): Promise<IteratorResult<GenerationEvent>> {
    for (;;) {
      const event = this.#take();
      if (event !== undefined) return { done: false, value: event };
      if (this.#error !== null) throw this.#error;
      if (this.#ended) return { done: true, value: undefined };
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = null;
    }
  }

  #take(): GenerationEvent | undefined {
    const event = this.#events[this.#read];
    if (event === undefined) return undefined;
    this.#read += 1;
    if (this.#read === this.#events.length) {
      this.#events = [];
      this.#read = 0;
    }
    if (this.#paused && this.#events.length - this.#read < RESUME_BELOW) this.#setPaused(false);
    return event;
  }

  #end(): void {
    this.#ended = true;
    this.#unfollow?.();
  }

  #setPaused(paused: boolean): void {
    this.#paused = paused;
    this.#controls.setPaused(paused);
  }

  /** The reader left its loop: nobody wants the rest. */
  #leave(): Promise<IteratorResult<GenerationEvent>> {
    this.cancel();
    this.#end();
    this.#events = [];
    this.#read = 0;
    return Promise.resolve({ done: true, value: undefined });
  }
}
