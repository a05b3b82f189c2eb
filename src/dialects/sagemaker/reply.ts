import type { FinishEvent, TokenEvent } from '../../generation/events.js';

/** The JSON around the texts of a reply. */
export interface ReplyShape {
  readonly open: string;
  /** Text that each text begins with. */
  readonly before: string;
  readonly close: string;
}

/**
 * Writes a reply's JSON as its texts grow: the first text as it comes, the others when those before them have ended.
 * All that is written, put together, is the same whether it was streamed or not.
 */
export class ReplyWriter {
  readonly #shape: ReplyShape;
  /** What was generated of each sequence, as the inside of a JSON string. */
  readonly #texts: string[];
  readonly #ended: boolean[];
  readonly #copies: number;
  /** The sequence that is being written. */
  #current = 0;

  constructor(shape: ReplyShape, count: { readonly sequences: number; readonly copies: number }) {
    this.#shape = shape;
    this.#texts = Array.from({ length: count.sequences }, () => '');
    this.#ended = this.#texts.map(() => false);
    this.#copies = count.copies;
  }

  /** What comes before anything was generated. */
  begin(): string {
    return this.#shape.open + this.#beginText();
  }

  /** What may be written after an event. */
  add(event: TokenEvent | FinishEvent): string {
    const { sequence } = event;
    const text = inside(event.text);
    this.#texts[sequence] = (this.#texts[sequence] ?? '') + text;
    if (event.type === 'finish') this.#ended[sequence] = true;
    const now = sequence === this.#current ? text : '';
    return now + this.#endTexts();
  }

  #endTexts(): string {
    let written = '';
    while (this.#ended[this.#current] === true) {
      written += '"' + this.#repeated();
      this.#current += 1;
      const isLast = this.#current === this.#texts.length;
      written += isLast ? this.#shape.close : `,${this.#beginText()}${this.#texts[this.#current] ?? ''}`;
    }
    return written;
  }

  #repeated(): string {
    const again = `,${this.#beginText()}${this.#texts[this.#current] ?? ''}"`;
    return again.repeat(this.#copies - 1);
  }

  #beginText(): string {
    return `"${inside(this.#shape.before)}`;
  }
}

/** A whole reply of texts that are there already. */
export function wholeReply(shape: ReplyShape, texts: readonly string[]): string {
  return shape.open + texts.map((text) => JSON.stringify(shape.before + text)).join(',') + shape.close;
}

/** A text as JSON has it between its quotes. Pieces of whole code points put together are the whole. */
function inside(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}
