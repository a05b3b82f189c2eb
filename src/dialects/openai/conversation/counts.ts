import { GlossaError } from '../../../errors.js';
import { tokensTaken, type GenerationEvent } from '../../../generation/events.js';
import type { RequestRecord } from '../../../server/dialect.js';
import { usageOf, type Usage } from '../usage.js';

/** Counts what an answer takes, for itself and for the log. */
export class Counts {
  readonly #record: RequestRecord;
  readonly #signal: AbortSignal;
  #promptTokens = 0;
  #cachedTokens = 0;
  #generatedTokens = 0;
  #discardedTokens = 0;

  /** @param signal aborted when the client has left */
  constructor(record: RequestRecord, signal: AbortSignal) {
    this.#record = record;
    this.#signal = signal;
  }

  /** @throws GlossaError CANCELLED or CLOSED at a text that was cut off from outside: it must not pass for a whole one */
  note(event: GenerationEvent): void {
    if (event.type === 'prompt') {
      this.#promptTokens = this.#record.promptTokens = event.promptTokens;
      this.#cachedTokens = event.cachedTokens;
    } else if (event.type === 'finish') {
      this.#generatedTokens += tokensTaken(event);
      this.#discardedTokens += event.search?.discarded ?? 0;
      this.#record.generatedTokens = this.#generatedTokens;
      if (event.finishReason !== 'cancelled') return;
      if (this.#signal.aborted) throw new GlossaError('CANCELLED', 'the request was cancelled');
      throw new GlossaError('CLOSED', 'the server is shutting down');
    }
  }

  get usage(): Usage {
    return usageOf({
      promptTokens: this.#promptTokens,
      cachedTokens: this.#cachedTokens,
      generatedTokens: this.#generatedTokens,
      discardedTokens: this.#discardedTokens,
    });
  }
}
