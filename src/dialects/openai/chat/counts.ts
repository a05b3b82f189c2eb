import type { GenerationEvent } from '../../../generation/events.js';
import type { RequestRecord } from '../../../server/dialect.js';
import { usageOf, type Usage } from '../usage.js';

/** Counts what an answer takes, for itself and for the log. */
export class Counts {
  readonly #record: RequestRecord;
  #promptTokens = 0;
  #cachedTokens = 0;
  #generatedTokens = 0;

  constructor(record: RequestRecord) {
    this.#record = record;
  }

  note(event: GenerationEvent): void {
    if (event.type === 'prompt') {
      this.#promptTokens = this.#record.promptTokens = event.promptTokens;
      this.#cachedTokens = event.cachedTokens;
    } else if (event.type === 'finish') {
      this.#generatedTokens += event.generatedTokens;
      this.#record.generatedTokens = this.#generatedTokens;
    }
  }

  get usage(): Usage {
    return usageOf({
      promptTokens: this.#promptTokens,
      cachedTokens: this.#cachedTokens,
      generatedTokens: this.#generatedTokens,
      discardedTokens: 0,
    });
  }
}
