import { tokensTaken, type FinishEvent, type TokenEvent } from '../../../generation/events.js';
import { finishReasonOf } from '../identity.js';
import type { TokenTexts } from '../token-texts.js';
import { codePoints, LogprobWriter, type LegacyLogprobs } from './logprobs.js';

/** What a choice grows by. */
export interface ChoicePart {
  readonly text: string;
  /** The tokens that the text begins with or goes on to; null if none were asked for. */
  readonly logprobs: LegacyLogprobs | null;
  readonly finish_reason: 'stop' | 'length' | null;
}

/** One text while it is generated. */
export class Choice {
  readonly #writer: LogprobWriter | undefined;
  /** Code points of the text so far. */
  #length: number;
  #logprobSum = 0;
  #tokens = 0;
  /** Tokens generated, with the last text of a search for all of its beams; known at the end. */
  generatedTokens = 0;
  /** Those of them that are in none of the search's texts. */
  discardedTokens = 0;

  /**
   * @param start code points that the text begins with: an echoed prompt's
   * @param texts there if the tokens are told
   */
  constructor(start: number, texts: TokenTexts | undefined) {
    this.#length = start;
    this.#writer = texts && new LogprobWriter(texts, start);
  }

  /** How likely the model found each token on average; what texts are ranked by. */
  get meanLogprob(): number {
    return this.#tokens === 0 ? 0 : this.#logprobSum / this.#tokens;
  }

  /** Takes an event; undefined if nothing is to be shown yet. */
  add(event: TokenEvent | FinishEvent): ChoicePart | undefined {
    const { text } = event;
    this.#length += codePoints(text);
    if (event.type === 'finish') {
      this.generatedTokens = tokensTaken(event);
      this.discardedTokens = event.search?.discarded ?? 0;
      const logprobs = this.#writer?.takeLast(this.#length) ?? null;
      return { text, logprobs, finish_reason: finishReasonOf(event.finishReason) };
    }
    this.#note(event);
    if (text === '') return undefined;
    return { text, logprobs: this.#writer?.take(this.#length) ?? null, finish_reason: null };
  }

  #note({ modelLogprobs }: TokenEvent): void {
    if (modelLogprobs === undefined) return;
    this.#logprobSum += modelLogprobs.logprob;
    this.#tokens += 1;
    this.#writer?.add(modelLogprobs);
  }
}
