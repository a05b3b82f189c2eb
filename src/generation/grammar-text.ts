const WORD = /[a-zA-Z0-9-]*/y;
const DIGITS = /[0-9]*/y;
const SPACE = /(?:[ \t]|#[^\r\n]*)*/y;
const SPACE_AND_LINES = /(?:[ \t\r\n]|#[^\r\n]*)*/y;
const HEX_DIGITS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };
const ESCAPED = 'trn\\"[]-';

/** A grammar's text being read: names, texts in quotes, classes, tokens, and where that is. */
export class GrammarText {
  readonly #text: string;
  readonly #refuse: (reason: string) => never;
  #position = 0;
  #lines = 1;
  /** Up to where line ends are counted. */
  #counted = 0;

  /** @param refuse throws with a reason */
  constructor(text: string, refuse: (reason: string) => never) {
    this.#text = text;
    this.#refuse = refuse;
  }

  get isAtEnd(): boolean {
    return this.#position >= this.#text.length;
  }

  skip(): void {
    this.#position += 1;
  }

  /** Spaces and comments; line ends too where a rule may go on. */
  skipSpace(lines: boolean): void {
    this.#take(lines ? SPACE_AND_LINES : SPACE);
  }

  /** ::= */
  definition(): void {
    if (!this.#text.startsWith('::=', this.#position)) this.expected('::= after the name of a rule');
    this.#position += 3;
  }

  /** As many as there are. */
  digits(): string {
    return this.#take(DIGITS);
  }

  /** A rule's name. */
  name(): string {
    const name = this.#take(WORD);
    if (name === '') this.expected('the name of a rule (letters, digits and -)');
    return name;
  }

  /** The number of characters of a text in quotes. */
  literal(): number {
    this.#position += 1;
    let length = 0;
    for (; this.peek() !== '"'; length += 1) this.#scanCharacter();
    this.#position += 1;
    return length;
  }

  /** [...]: 1, or 0 for a class without characters, which stands for nothing at all. */
  characterClass(): number {
    this.#position += this.#text.startsWith('[^', this.#position) ? 2 : 1;
    let length = 0;
    while (this.peek() !== ']') {
      this.#scanCharacter();
      length = 1;
      if (this.peek() === '-' && this.#text[this.#position + 1] !== ']') {
        this.#position += 1;
        this.#scanCharacter();
      }
    }
    this.#position += 1;
    return length;
  }

  /** 1. <[id]>, <text> and, with ! before, any other token. */
  token(): number {
    if (this.peek() === '!') this.#position += 1;
    if (this.peek() !== '<') this.expected('< after !');
    this.#position += 1;
    if (this.peek() === '[') {
      this.#position += 1;
      const digits = this.#take(DIGITS);
      if (digits === '' || digits.length > 9) this.expected('a token id of 1 to 9 digits');
      if (!this.#text.startsWith(']>', this.#position)) this.expected(']> after a token id');
      this.#position += 2;
      return 1;
    }
    const end = this.#text.indexOf('>', this.#position);
    if (end < 0) this.expected('> at the end of a token');
    this.#position = end + 1;
    return 1;
  }

  /** One UTF-16 unit; empty at the end. */
  peek(): string {
    return this.#text.charAt(this.#position);
  }

  /** Reads what a sticky expression, which also matches nothing, has here. */
  #take(expression: RegExp): string {
    expression.lastIndex = this.#position;
    const [found = ''] = expression.exec(this.#text) ?? [];
    this.#position += found.length;
    return found;
  }

  /** Of the current position. Counts on from where it last was, so that all calls together take one pass. */
  line(): number {
    for (; this.#counted < this.#position; this.#counted += 1) {
      if (this.#text[this.#counted] === '\n') this.#lines += 1;
    }
    return this.#lines;
  }

  /** Refuses what is here. */
  expected(what: string): never {
    const here = this.peek();
    this.fail(`expected ${what}, received ${here === '' ? 'the end of the grammar' : JSON.stringify(here)}`);
  }

  /** Refuses with the line. */
  fail(reason: string): never {
    this.#refuse(`line ${this.line()}: ${reason}`);
  }

  /** One UTF-16 unit or escape. */
  #scanCharacter(): void {
    const character = this.peek();
    if (character === '') this.expected('the end of a text in quotes or brackets');
    this.#position += 1;
    if (character !== '\\') return;
    const escape = this.peek();
    const digits = HEX_DIGITS[escape];
    if (digits === undefined && (escape === '' || !ESCAPED.includes(escape))) {
      this.expected('one of x u U t r n \\ " [ ] - after a backslash');
    }
    this.#position += 1;
    if (digits === undefined) return;
    const hex = this.#text.slice(this.#position, this.#position + digits);
    if (hex.length < digits || /[^0-9a-fA-F]/.test(hex)) {
      this.expected(`${digits} hexadecimal digits after \\${escape}`);
    }
    this.#position += digits;
  }
}
