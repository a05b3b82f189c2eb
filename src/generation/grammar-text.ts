const WORD = /[a-zA-Z0-9-]*/y;
const DIGITS = /[0-9]*/y;
const SPACE = /(?:[ \t]|#[^\r\n]*)*/y;
const SPACE_AND_LINES = /(?:[ \t\r\n]|#[^\r\n]*)*/y;
const HEX_DIGITS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };
const ESCAPED = 'trn\\"[]-';
const CONTROLS: Readonly<Record<string, string>> = { t: '\t', r: '\r', n: '\n' };
const BACKSLASH = 0x5c;
const MAX_CODE_POINT = 0x10ffff;
const FIRST_SURROGATE = 0xd800;
const LAST_SURROGATE = 0xdfff;

/** The first and the last of a range. */
type CodePointRange = readonly [low: number, high: number];

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
    for (; this.peek() !== '"'; length += 1) {
      if (this.#character() === 0) this.fail('expected a text without U+0000, which no token holds');
    }
    this.#position += 1;
    return length;
  }

  /** [...]: 1, or 0 for a class without characters, which stands for nothing at all. */
  characterClass(): number {
    const negated = this.#text.startsWith('[^', this.#position);
    this.#position += negated ? 2 : 1;
    const ranges: CodePointRange[] = [];
    while (this.peek() !== ']') {
      const low = this.#character();
      let high = low;
      if (this.peek() === '-' && this.#text[this.#position + 1] !== ']') {
        this.#position += 1;
        high = this.#character();
      }
      if (high < low) {
        this.fail(`expected the ends of a range in ascending order, received ${shown(low)}-${shown(high)}`);
      }
      ranges.push([low, high]);
    }
    this.#position += 1;
    if (ranges.length === 0) return 0;
    if (negated ? leaveNothing(ranges) : ranges.every(([, high]) => high === 0)) {
      this.fail('expected a class that some character of a text is in');
    }
    return 1;
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

  /** The code point of a character, written as it is or escaped. */
  #character(): number {
    const codePoint = this.#text.codePointAt(this.#position);
    if (codePoint === undefined) this.expected('the end of a text in quotes or brackets');
    this.#position += codePoint > 0xffff ? 2 : 1;
    const value = codePoint === BACKSLASH ? this.#escape() : codePoint;
    if (value > MAX_CODE_POINT || (value >= FIRST_SURROGATE && value <= LAST_SURROGATE)) {
      this.fail(`expected code points up to U+10FFFF that are no surrogates, received ${shown(value)}`);
    }
    return value;
  }

  /** What follows a backslash. */
  #escape(): number {
    const escape = this.peek();
    const digits = HEX_DIGITS[escape];
    if (digits === undefined && (escape === '' || !ESCAPED.includes(escape))) {
      this.expected('one of x u U t r n \\ " [ ] - after a backslash');
    }
    this.#position += 1;
    if (digits === undefined) return (CONTROLS[escape] ?? escape).charCodeAt(0);
    const hex = this.#text.slice(this.#position, this.#position + digits);
    if (hex.length < digits || /[^0-9a-fA-F]/.test(hex)) {
      this.expected(`${digits} hexadecimal digits after \\${escape}`);
    }
    this.#position += digits;
    return Number.parseInt(hex, 16);
  }
}

/** Whether every character that a text can have is in one of the ranges. */
function leaveNothing(ranges: readonly CodePointRange[]): boolean {
  let next = 1;
  for (const [low, high] of ranges.toSorted(([a], [b]) => a - b)) {
    if (low > next && !(next >= FIRST_SURROGATE && low <= LAST_SURROGATE + 1)) return false;
    next = Math.max(next, high + 1);
  }
  return next > MAX_CODE_POINT;
}

function shown(codePoint: number): string {
  return `U+${codePoint.toString(16).toUpperCase().padStart(4, '0')}`;
}
