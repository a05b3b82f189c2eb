import type { Vocabulary } from '../../../engine/engine.js';
import type { RankedToken, TokenEvent } from '../../../generation/events.js';
import { toldLogprob } from '../token-texts.js';

/** A token as OpenAI's chats tell of it. */
export interface ToldToken {
  /** Invalid UTF-8 of its own becomes U+FFFD; of a token without text, its name. */
  readonly token: string;
  readonly logprob: number;
  /** null for a token without text. */
  readonly bytes: readonly number[] | null;
}

/** A token of the answer, with those that might have come. */
export interface ToldLogprob extends ToldToken {
  readonly top_logprobs: readonly ToldToken[];
}

/** Of a choice, or of a chunk of one. */
export interface ChatLogprobs {
  readonly content: readonly ToldLogprob[];
  readonly refusal: null;
}

function told({ tokenId, logprob }: RankedToken, vocabulary: Vocabulary): ToldToken {
  const bytes = vocabulary.bytes(tokenId);
  const isName = vocabulary.kind(tokenId) === 'control';
  return {
    token: Buffer.from(bytes).toString(),
    logprob: toldLogprob(logprob),
    bytes: isName ? null : [...bytes],
  };
}

/**
 * The log-probabilities of one sequence's tokens, given out with the text that they belong to: a token whose text is
 * held back waits with it, and one that only a stop string or the end of the text is made of never comes.
 */
export class TokenLogprobs {
  readonly #vocabulary: Vocabulary;
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  /** Tokens that were not given out, and where in the text each begins. */
  #waiting: { readonly start: number; readonly logprob: ToldLogprob }[] = [];
  /** Code units of the text of all tokens so far, without the unfinished character at its end. */
  #length = 0;
  /** Of these, the ones that are part of the answer. */
  #given = 0;

  constructor(vocabulary: Vocabulary) {
    this.#vocabulary = vocabulary;
  }

  /** Takes a token; `modelLogprobs` must be there. */
  add({ tokenId, modelLogprobs }: TokenEvent): void {
    if (modelLogprobs === undefined) return;
    const logprob: ToldLogprob = {
      ...told(modelLogprobs, this.#vocabulary),
      top_logprobs: modelLogprobs.top.map((other) => told(other, this.#vocabulary)),
    };
    this.#waiting.push({ start: this.#length, logprob });
    if (this.#vocabulary.kind(tokenId) === 'control') return;
    this.#length += this.#decoder.decode(this.#vocabulary.bytes(tokenId), { stream: true }).length;
  }

  /** Takes text that became part of the answer, and gives the tokens that have begun in it. */
  take(text: string): readonly ToldLogprob[] {
    this.#given += text.length;
    const later = this.#waiting.findIndex(({ start }) => start >= this.#given);
    return this.#waiting.splice(0, later === -1 ? this.#waiting.length : later).map(({ logprob }) => logprob);
  }
}
