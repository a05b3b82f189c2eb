import type { Vocabulary } from '../../engine/engine.js';

/** OpenAI's number for what is too unlikely to be told. */
const LEAST_LOGPROB = -9999;

/** A log-probability as JSON can hold it: a token that the model rules out, or has no number for, has -9999. */
export function toldLogprob(logprob: number): number {
  return logprob >= LEAST_LOGPROB ? logprob : LEAST_LOGPROB;
}

/** A model's tokens as this API writes them. */
export class TokenTexts {
  readonly #vocabulary: Vocabulary;

  constructor(vocabulary: Vocabulary) {
    this.#vocabulary = vocabulary;
  }

  /** Bytes that a token adds to a text: none if it is a control token. Not to be changed. */
  bytes(id: number): Uint8Array {
    return this.isControl(id) ? NOTHING : this.#vocabulary.bytes(id);
  }

  /** Whether it adds nothing to a text: an end of sequence, a mark in a template. */
  isControl(id: number): boolean {
    return this.#vocabulary.kind(id) === 'control';
  }

  /** A token's text; a control token's name; `bytes:\xe2\x82` for bytes that are no text alone. */
  name(id: number): string {
    const bytes = this.#vocabulary.bytes(id);
    try {
      return strict.decode(bytes);
    } catch {
      return `bytes:${[...bytes].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')}`;
    }
  }
}

const NOTHING = new Uint8Array();
/** A mark of byte order is a token like any other. */
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
