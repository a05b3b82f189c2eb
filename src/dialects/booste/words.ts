/** Code units of a word at most: text without white space goes on as another word after so many. */
export const LONGEST_WORD = 256;

/** A text's words: runs without white space. A newline is a word of its own; other white space is left out. */
export function splitWords(text: string): string[] {
  return text.match(/\n|\S+/gu) ?? [];
}

/** Words as text: a space between two, none beside a newline. */
export function joinWords(words: readonly string[]): string {
  return words.join(' ').replaceAll(/ ?\n ?/g, '\n');
}

/** The end of a list that begins with its `most`-th last word; newlines do not count. */
export function lastWords(words: readonly string[], most: number): string[] {
  let first = words.length;
  for (let kept = 0; first > 0 && kept < most; first -= 1) {
    if (words[first - 1] !== '\n') kept += 1;
  }
  return words.slice(first);
}

/** The end of a text, at most `most` code units, without half a code point at its beginning. */
export function lastCodeUnits(text: string, most: number): string {
  const end = text.slice(Math.max(0, text.length - most));
  return /^[\uDC00-\uDFFF]/.test(end) ? end.slice(1) : end;
}

/** Where words stand between two windows. */
export interface WordsSoFar {
  /** Those that are complete. */
  readonly words: readonly string[];
  /** The last one, which the text that follows may still carry on; empty if there is none. */
  readonly open: string;
}

/** Finds the words in the text of one window as it comes. A word is complete when white space follows. */
export class WindowWords {
  readonly #words: string[] = [];
  readonly #begunBefore: boolean;
  #tail: string;

  /** @param open the word that the window's text may carry on */
  constructor(open: string) {
    this.#tail = open;
    this.#begunBefore = open !== '';
  }

  /** Those that are complete, all of them. */
  get complete(): readonly string[] {
    return this.#words;
  }

  feed(text: string): void {
    for (const part of text.match(/\n|[^\S\n]+|\S+/gu) ?? []) {
      if (/\S/u.test(part)) {
        this.#extend(part);
        continue;
      }
      if (this.#tail !== '') this.#words.push(this.#tail);
      this.#tail = '';
      if (part === '\n') this.#words.push('\n');
    }
  }

  /**
   * The words of a window that is over. A word that its end cut off is dropped, and the next window goes on from the
   * word before; unless the window had no other, which would not bring the text on.
   */
  end(): WordsSoFar {
    const words = [...this.#words];
    if (words.length <= (this.#begunBefore ? 1 : 0)) return { words, open: this.#tail };
    const open = words.at(-1) === '\n' ? '' : words.pop();
    return { words, open: open ?? '' };
  }

  #extend(run: string): void {
    this.#tail += run;
    while (this.#tail.length > LONGEST_WORD) {
      const splitsPair = /[\uD800-\uDBFF]/.test(this.#tail.charAt(LONGEST_WORD - 1));
      const length = splitsPair ? LONGEST_WORD - 1 : LONGEST_WORD;
      this.#words.push(this.#tail.slice(0, length));
      this.#tail = this.#tail.slice(length);
    }
  }
}
