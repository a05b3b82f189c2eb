import type { Generation } from '../engine/engine.js';
import { GlossaError } from '../errors.js';
import { tokensTaken, type GenerationEvent } from '../generation/events.js';
import type { SeededRequest } from '../generation/request.js';
import type { TokenReservation } from './key-usage.js';

/** A generation that has begun, and the tokens that were reserved for it. */
export interface Metered {
  readonly generation: Generation;
  readonly reservation: TokenReservation;
  /** Reserved for the prompt. */
  readonly promptTokens: number;
  /** Reserved for each sequence, or for each beam. */
  readonly newTokens: number;
}

interface Running extends Metered {
  readonly events: AsyncIterator<GenerationEvent>;
}

/** What a metered generation is made with. */
export interface MeteredParts {
  readonly start: () => Promise<Metered>;
  readonly onEnd: () => void;
}

/** A generation that settles what it takes while its events are read; one that is left is read to its end all the same. */
export class MeteredGeneration implements Generation {
  readonly request: SeededRequest;
  readonly #parts: MeteredParts;
  /** New tokens of each sequence that were seen. */
  readonly #seen: number[];
  #running: Promise<Running> | undefined;
  /** What to cancel once it has begun; undefined stands for all. */
  #cancelled: (number | undefined)[] | undefined = [];
  #generation: Generation | undefined;
  #read: Promise<unknown> = Promise.resolve();
  #iterating = false;
  #left = false;
  #ended = false;

  constructor(request: SeededRequest, parts: MeteredParts) {
    this.request = request;
    this.#parts = parts;
    this.#seen = Array.from({ length: request.numReturnSequences }, () => 0);
  }

  /** Begins at once, as every generation does, whether it is read or not. */
  begin(): void {
    this.#running = this.#begin();
    // Whoever reads gets the error.
    this.#running.catch(() => {
      this.#end();
    });
  }

  cancel(sequence?: number): void {
    if (this.#generation === undefined) this.#cancelled?.push(sequence);
    else this.#generation.cancel(sequence);
  }

  [Symbol.asyncIterator](): AsyncIterator<GenerationEvent> {
    if (this.#iterating) throw new GlossaError('INTERNAL', 'a generation can be read only once');
    this.#iterating = true;
    return {
      next: () => this.#next(),
      return: () => {
        this.leave();
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }

  /** Cancels what is left of it, and sees to it that what it took is known. Idempotent. */
  leave(): void {
    if (this.#left || this.#ended) return;
    this.#left = true;
    this.cancel();
    void this.#drain();
  }

  async #begin(): Promise<Running> {
    const metered = await this.#parts.start();
    this.#generation = metered.generation;
    const cancelled = this.#cancelled ?? [];
    this.#cancelled = undefined;
    for (const sequence of cancelled) metered.generation.cancel(sequence);
    return { ...metered, events: metered.generation[Symbol.asyncIterator]() };
  }

  async #next(): Promise<IteratorResult<GenerationEvent>> {
    if (this.#left) return { done: true, value: undefined };
    const read = this.#readOne();
    this.#read = read.catch(() => undefined);
    return await read;
  }

  async #readOne(): Promise<IteratorResult<GenerationEvent>> {
    const running = await (this.#running ?? this.#begin());
    try {
      const next = await running.events.next();
      if (next.done === true) this.#end(running);
      else this.#settle(next.value, running);
      return next;
    } catch (error) {
      this.#end(running);
      throw error;
    }
  }

  /** A cancelled generation ends soon; how many tokens it had is in its last events. */
  async #drain(): Promise<void> {
    try {
      await this.#read;
      while (!this.#ended) await this.#readOne();
    } catch {
      // It was nobody's any more.
    }
  }

  #settle(event: GenerationEvent, { reservation, promptTokens, newTokens }: Running): void {
    if (event.type === 'prompt') {
      reservation.take(event.promptTokens);
      reservation.giveBack(promptTokens - event.promptTokens);
      return;
    }
    if (this.request.numBeams > 1) {
      // Its tokens come when all of them are known; what was not taken is given back right after.
      if (event.type === 'finish') reservation.take(tokensTaken(event));
      return;
    }
    const seen = this.#seen[event.sequence] ?? 0;
    if (event.type === 'token') {
      this.#seen[event.sequence] = seen + 1;
      reservation.take(1);
      return;
    }
    reservation.take(event.generatedTokens - seen);
    reservation.giveBack(newTokens - Math.max(seen, event.generatedTokens));
  }

  #end(running?: Running): void {
    if (this.#ended) return;
    this.#ended = true;
    running?.reservation.end();
    this.#parts.onEnd();
  }
}
