import { MAX_GRAMMAR_RULES } from './grammar-limits.js';
import { GrammarText } from './grammar-text.js';

/** How deep parentheses may be nested. */
const MAX_GRAMMAR_NESTING = 64;
/** The largest number in {m,n}. */
const MAX_GRAMMAR_REPETITIONS = 1000;
/** Characters, classes and references once repetitions are written out; native/llama/grammar_rules.cc has them so. */
const MAX_GRAMMAR_SYMBOLS = 100_000;

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

const REPETITIONS: Readonly<Record<string, readonly [number, number]>> = {
  '*': [0, Infinity],
  '+': [1, Infinity],
  '?': [0, 1],
};

/** Reads GBNF as llama.cpp writes it, in one pass without recursion, keeping only which rule can begin with which. */
export class GrammarScanner {
  readonly #text: GrammarText;
  readonly #refuse: (reason: string) => never;
  readonly #rules: GrammarRule[] = [];
  readonly #named = new Map<string, number>();
  readonly #frames: Frame[] = [];
  #symbols = 0;

  /** @param refuse throws with a reason that does not begin with the parameter's name */
  constructor(text: string, refuse: (reason: string) => never) {
    this.#text = new GrammarText(text, refuse);
    this.#refuse = refuse;
  }

  /** All rules, the named and the anonymous. */
  scan(): readonly GrammarRule[] {
    this.#text.skipSpace(true);
    while (!this.#text.isAtEnd) this.#scanRule();
    return this.#rules;
  }

  #scanRule(): void {
    const name = this.#text.name();
    this.#text.skipSpace(false);
    this.#text.definition();
    this.#text.skipSpace(true);
    this.#open(this.#ruleNamed(name));
    while (this.#scanItem() || this.#scanStructure() || this.#scanRepetition()) this.#skipSpace();
    if (this.#frames.length > 1) this.#text.expected(`) for the ( of line ${this.#frame().line}`);
    this.#close();
    if (!this.#text.isAtEnd && !/[\r\n]/.test(this.#text.peek())) {
      this.#text.expected('the end of the line');
    }
    this.#text.skipSpace(true);
  }

  /** What an alternative is made of; false if there is nothing of that kind here. */
  #scanItem(): boolean {
    const character = this.#text.peek();
    if (character === '"') this.#addItem(TERMINAL, this.#text.literal());
    else if (character === '[') this.#addItem(TERMINAL, this.#text.characterClass());
    else if (character === '<' || character === '!') this.#addItem(TERMINAL, this.#text.token());
    else if (character === '.') {
      this.#text.skip();
      this.#addItem(TERMINAL, 1);
    } else if (/[a-zA-Z0-9-]/.test(character)) this.#addItem(this.#ruleNamed(this.#text.name()), 1);
    else return false;
    return true;
  }

  /** ( ) and |. */
  #scanStructure(): boolean {
    const character = this.#text.peek();
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
      this.#text.skip();
      this.#addItem(group, 1);
      return true;
    } else {
      return false;
    }
    this.#text.skip();
    this.#text.skipSpace(true);
    return true;
  }

  #scanRepetition(): boolean {
    const character = this.#text.peek();
    if (character === '{') {
      this.#text.skip();
      this.#repeat(...this.#scanBounds());
      return true;
    }
    const bounds = REPETITIONS[character];
    if (bounds === undefined) return false;
    this.#text.skip();
    this.#repeat(...bounds);
    return true;
  }

  /** The inside of {m}, {m,} and {m,n}. */
  #scanBounds(): [number, number] {
    this.#skipSpace();
    const least = this.#scanCount();
    let most = least;
    this.#skipSpace();
    if (this.#text.peek() === ',') {
      this.#text.skip();
      this.#skipSpace();
      most = this.#text.peek() === '}' ? Infinity : this.#scanCount();
      this.#skipSpace();
    }
    if (this.#text.peek() !== '}') this.#text.expected('}');
    this.#text.skip();
    if (most < least) {
      this.#text.fail(`expected the most repetitions to be at least ${least}, received ${most}`);
    }
    return [least, most];
  }

  #scanCount(): number {
    const digits = this.#text.digits();
    if (digits === '') this.#text.expected('a number of repetitions');
    if (Number(digits) > MAX_GRAMMAR_REPETITIONS) {
      this.#text.fail(
        `expected repetitions from 0 to ${MAX_GRAMMAR_REPETITIONS}, received ${digits.slice(0, 20)}`,
      );
    }
    return Number(digits);
  }

  /** Makes of the last item an anonymous rule, which begins with the item and may be empty where the item may. */
  #repeat(least: number, most: number): void {
    const frame = this.#frame();
    const item = frame.itemLength > 0 ? frame.current.pop() : undefined;
    if (item === undefined) this.#text.fail('expected something to repeat before *, +, ? or {');
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
    this.#rules.push({ name, line: this.#text.line(), alternatives: undefined });
    return this.#rules.length - 1;
  }

  #open(rule: number): void {
    const line = this.#text.line();
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
      this.#text.fail(
        `expected at most ${MAX_GRAMMAR_SYMBOLS} symbols once repetitions are written out, received more`,
      );
    }
  }

  /** Outside parentheses a rule ends with its line. */
  #skipSpace(): void {
    this.#text.skipSpace(this.#frames.length > 1);
  }
}
