/** How deep parentheses may be nested. */
export const MAX_GRAMMAR_NESTING = 64;
/** Rules with a name. */
export const MAX_GRAMMAR_RULES = 1024;
/** The largest number in {m,n}. */
export const MAX_GRAMMAR_REPETITIONS = 1000;
/** Characters, classes and references once repetitions are written out; native/llama/grammar_rules.cc has them so. */
export const MAX_GRAMMAR_SYMBOLS = 100_000;

/** In an alternative: something that is read, as opposed to a rule. */
export const TERMINAL = -1;

/** A rule, or the anonymous one that a group or a repetition is. */
export interface GrammarRule {
  readonly name: string | undefined;
  /** Where it was first named or begun. */
  readonly line: number;
  /** Each a row of rule indices and TERMINAL; undefined until the rule is defined. */
  alternatives: readonly (readonly number[])[] | undefined;
}

/** A rule or group whose alternatives are being read. */
interface Frame {
  readonly rule: number;
  readonly line: number;
  readonly alternatives: number[][];
  current: number[];
  /** Symbols of the last item of `current`, which a repetition is about; 0 if there is none. */
  itemLength: number;
}

const WORD = /[a-zA-Z0-9-]*/y;
const DIGITS = /[0-9]*/y;
const SPACE = /(?:[ \t]|#[^\r\n]*)*/y;
const SPACE_AND_LINES = /(?:[ \t\r\n]|#[^\r\n]*)*/y;
const HEX_DIGITS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };
const ESCAPED = 'trn\\"[]-';
const REPETITIONS: Readonly<Record<string, readonly [number, number]>> = {
  '*': [0, Infinity],
  '+': [1, Infinity],
  '?': [0, 1],
};

/** Reads GBNF as llama.cpp writes it, in one pass without recursion, keeping only which rule can begin with which. */
export class GrammarScanner {
  readonly #text: string;
  readonly #refuse: (reason: string) => never;
  readonly #rules: GrammarRule[] = [];
  readonly #named = new Map<string, number>();
  readonly #frames: Frame[] = [];
  #position = 0;
  #line = 1;
  /** Up to where line ends are counted. */
  #counted = 0;
  #symbols = 0;

  /** @param refuse throws with a reason that does not begin with the parameter's name */
  constructor(text: string, refuse: (reason: string) => never) {
    this.#text = text;
    this.#refuse = refuse;
  }

  /** All rules, the named and the anonymous. */
  scan(): readonly GrammarRule[] {
    this.#take(SPACE_AND_LINES);
    while (this.#position < this.#text.length) this.#scanRule();
    return this.#rules;
  }

  #scanRule(): void {
    const name = this.#scanName();
    this.#take(SPACE);
    if (!this.#text.startsWith('::=', this.#position)) this.#expected('::= after the name of a rule');
    this.#position += 3;
    this.#take(SPACE_AND_LINES);
    this.#open(this.#ruleNamed(name));
    while (this.#scanItem() || this.#scanStructure() || this.#scanRepetition()) this.#skipSpace();
    if (this.#frames.length > 1) this.#expected(`) for the ( of line ${this.#frame().line}`);
    this.#close();
    if (this.#position < this.#text.length && !/[\r\n]/.test(this.#peek())) {
      this.#expected('the end of the line');
    }
    this.#take(SPACE_AND_LINES);
  }

  /** What an alternative is made of; false if there is nothing of that kind here. */
  #scanItem(): boolean {
    const character = this.#peek();
    if (character === '"') this.#addItem(TERMINAL, this.#scanLiteral());
    else if (character === '[') this.#addItem(TERMINAL, this.#scanClass());
    else if (character === '<' || character === '!') this.#addItem(TERMINAL, this.#scanToken());
    else if (character === '.') {
      this.#position += 1;
      this.#addItem(TERMINAL, 1);
    } else if (/[a-zA-Z0-9-]/.test(character)) this.#addItem(this.#ruleNamed(this.#scanName()), 1);
    else return false;
    return true;
  }

  /** ( ) and |. */
  #scanStructure(): boolean {
    const character = this.#peek();
    if (character === '(') {
      if (this.#frames.length > MAX_GRAMMAR_NESTING) {
        this.#refuse(`expected parentheses nested at most ${MAX_GRAMMAR_NESTING} deep, received more`);
      }
      this.#open(this.#addRule(undefined));
    } else if (character === '|') {
      const frame = this.#frame();
      frame.alternatives.push(frame.current);
      frame.current = [];
      frame.itemLength = 0;
    } else if (character === ')' && this.#frames.length > 1) {
      const group = this.#close();
      this.#position += 1;
      this.#addItem(group, 1);
      return true;
    } else {
      return false;
    }
    this.#position += 1;
    this.#take(SPACE_AND_LINES);
    return true;
  }

  #scanRepetition(): boolean {
    const character = this.#peek();
    if (character === '{') {
      this.#position += 1;
      this.#repeat(...this.#scanBounds());
      return true;
    }
    const bounds = REPETITIONS[character];
    if (bounds === undefined) return false;
    this.#position += 1;
    this.#repeat(...bounds);
    return true;
  }

  /** The inside of {m}, {m,} and {m,n}. */
  #scanBounds(): [number, number] {
    this.#skipSpace();
    const least = this.#scanCount();
    let most = least;
    this.#skipSpace();
    if (this.#peek() === ',') {
      this.#position += 1;
      this.#skipSpace();
      most = this.#peek() === '}' ? Infinity : this.#scanCount();
      this.#skipSpace();
    }
    if (this.#peek() !== '}') this.#expected('}');
    this.#position += 1;
    if (most < least) {
      this.#fail(`expected the most repetitions to be at least ${least}, received ${most}`);
    }
    return [least, most];
  }

  #scanCount(): number {
    const digits = this.#take(DIGITS);
    if (digits === '') this.#expected('a number of repetitions');
    if (Number(digits) > MAX_GRAMMAR_REPETITIONS) {
      this.#fail(
        `expected repetitions from 0 to ${MAX_GRAMMAR_REPETITIONS}, received ${digits.slice(0, 20)}`,
      );
    }
    return Number(digits);
  }

  /** Makes of the last item an anonymous rule, which begins with the item and may be empty where the item may. */
  #repeat(least: number, most: number): void {
    const frame = this.#frame();
    const item = frame.itemLength > 0 ? frame.current.pop() : undefined;
    if (item === undefined) this.#fail('expected something to repeat before *, +, ? or {');
    const length = frame.itemLength;
    const optional = most === Infinity ? 1 : most - least;
    frame.itemLength = least * length + (optional > 0 ? 1 : 0);
    this.#count(frame.itemLength - length + optional * (length + 1));
    if (most === 0) return;
    const rule = this.#addRule(undefined);
    const alternatives = [[item], ...(most === Infinity ? [[item, rule]] : []), ...(least === 0 ? [[]] : [])];
    this.#define(rule, alternatives);
    frame.current.push(rule);
  }

  /** The number of characters. */
  #scanLiteral(): number {
    this.#position += 1;
    let length = 0;
    for (; this.#peek() !== '"'; length += 1) this.#scanCharacter();
    this.#position += 1;
    return length;
  }

  /** 1, or 0 for a class without characters, which stands for nothing at all. */
  #scanClass(): number {
    this.#position += this.#text.startsWith('[^', this.#position) ? 2 : 1;
    let length = 0;
    while (this.#peek() !== ']') {
      this.#scanCharacter();
      length = 1;
      if (this.#peek() === '-' && this.#text[this.#position + 1] !== ']') {
        this.#position += 1;
        this.#scanCharacter();
      }
    }
    this.#position += 1;
    return length;
  }

  /** One UTF-16 unit or escape. */
  #scanCharacter(): void {
    const character = this.#peek();
    if (character === '') this.#expected('the end of a text in quotes or brackets');
    this.#position += 1;
    if (character !== '\\') return;
    const escape = this.#peek();
    const digits = HEX_DIGITS[escape];
    if (digits === undefined && (escape === '' || !ESCAPED.includes(escape))) {
      this.#expected('one of x u U t r n \\ " [ ] - after a backslash');
    }
    this.#position += 1;
    if (digits === undefined) return;
    const hex = this.#text.slice(this.#position, this.#position + digits);
    if (hex.length < digits || /[^0-9a-fA-F]/.test(hex)) {
      this.#expected(`${digits} hexadecimal digits after \\${escape}`);
    }
    this.#position += digits;
  }

  /** <[id]>, <text> and, with ! before, any other token. */
  #scanToken(): number {
    if (this.#peek() === '!') this.#position += 1;
    if (this.#peek() !== '<') this.#expected('< after !');
    this.#position += 1;
    if (this.#peek() === '[') {
      this.#position += 1;
      const digits = this.#take(DIGITS);
      if (digits === '' || digits.length > 9) this.#expected('a token id of 1 to 9 digits');
      if (!this.#text.startsWith(']>', this.#position)) this.#expected(']> after a token id');
      this.#position += 2;
      return 1;
    }
    const end = this.#text.indexOf('>', this.#position);
    if (end < 0) this.#expected('> at the end of a token');
    this.#position = end + 1;
    return 1;
  }

  #scanName(): string {
    const name = this.#take(WORD);
    if (name === '') this.#expected('the name of a rule (letters, digits and -)');
    return name;
  }

  #ruleNamed(name: string): number {
    const known = this.#named.get(name);
    if (known !== undefined) return known;
    if (this.#named.size === MAX_GRAMMAR_RULES) {
      this.#refuse(`expected at most ${MAX_GRAMMAR_RULES} rules, received more`);
    }
    const rule = this.#addRule(name);
    this.#named.set(name, rule);
    return rule;
  }

  #addRule(name: string | undefined): number {
    this.#rules.push({ name, line: this.#currentLine(), alternatives: undefined });
    return this.#rules.length - 1;
  }

  #open(rule: number): void {
    const line = this.#currentLine();
    this.#frames.push({ rule, line, alternatives: [], current: [], itemLength: 0 });
  }

  /** Ends a rule or group; of rules defined twice the last counts. */
  #close(): number {
    const { rule, alternatives, current } = this.#frame();
    this.#define(rule, [...alternatives, current]);
    this.#frames.pop();
    return rule;
  }

  #define(rule: number, alternatives: readonly (readonly number[])[]): void {
    const target = this.#rules[rule];
    if (target !== undefined) target.alternatives = alternatives;
  }

  #frame(): Frame {
    const frame = this.#frames.at(-1);
    if (frame === undefined) throw new RangeError('outside of any rule');
    return frame;
  }

  #addItem(entry: number, length: number): void {
    const frame = this.#frame();
    frame.itemLength = length;
    this.#count(length);
    if (length > 0) frame.current.push(entry);
  }

  #count(symbols: number): void {
    this.#symbols += symbols;
    if (this.#symbols > MAX_GRAMMAR_SYMBOLS) {
      this.#fail(
        `expected at most ${MAX_GRAMMAR_SYMBOLS} symbols once repetitions are written out, received more`,
      );
    }
  }

  /** One UTF-16 unit; empty at the end. */
  #peek(): string {
    return this.#text.charAt(this.#position);
  }

  /** Outside parentheses a rule ends with its line. */
  #skipSpace(): void {
    this.#take(this.#frames.length > 1 ? SPACE_AND_LINES : SPACE);
  }

  /** Reads what a sticky expression, which also matches nothing, has here. */
  #take(expression: RegExp): string {
    expression.lastIndex = this.#position;
    const [found = ''] = expression.exec(this.#text) ?? [];
    this.#position += found.length;
    return found;
  }

  /** Counts on from where it last was, so that all calls together take one pass. */
  #currentLine(): number {
    for (; this.#counted < this.#position; this.#counted += 1) {
      if (this.#text[this.#counted] === '\n') this.#line += 1;
    }
    return this.#line;
  }

  #expected(what: string): never {
    const here = this.#peek();
    this.#fail(`expected ${what}, received ${here === '' ? 'the end of the grammar' : JSON.stringify(here)}`);
  }

  #fail(reason: string): never {
    this.#refuse(`line ${this.#currentLine()}: ${reason}`);
  }
}
