import { complement, type Range, union } from './code-points.js';
import { type Located, refuse } from './located.js';

/** What a regular expression is made of. */
export type Pattern =
  | { readonly kind: 'class'; readonly ranges: readonly Range[] }
  | { readonly kind: 'sequence'; readonly parts: readonly Pattern[] }
  | { readonly kind: 'choice'; readonly options: readonly Pattern[] }
  | { readonly kind: 'repeat'; readonly part: Pattern; readonly least: number; readonly most: number }
  | { readonly kind: 'start' | 'end' };

/** UTF-16 units of a pattern. */
const MAX_LENGTH = 4096;
/** How deep its groups may be nested. */
const MAX_NESTING = 24;
const MAX_COUNT = 1000;

const DIGITS: readonly Range[] = [[0x30, 0x39]];
const WORD: readonly Range[] = [
  [0x30, 0x39],
  [0x41, 0x5a],
  [0x5f, 0x5f],
  [0x61, 0x7a],
];
const LINE_ENDS: readonly Range[] = [
  [0x0a, 0x0a],
  [0x0d, 0x0d],
  [0x2028, 0x2029],
];
/** White space and line ends of ECMAScript. */
const BLANKS: readonly Range[] = [
  [0x09, 0x0d],
  [0x20, 0x20],
  [0xa0, 0xa0],
  [0x1680, 0x1680],
  [0x2000, 0x200a],
  [0x2028, 0x2029],
  [0x202f, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
  [0xfeff, 0xfeff],
];
const CLASSES: Readonly<Record<string, readonly Range[]>> = {
  d: DIGITS,
  D: complement(DIGITS),
  w: WORD,
  W: complement(WORD),
  s: BLANKS,
  S: complement(BLANKS),
};
const CONTROLS: Readonly<Record<string, number>> = { t: 9, n: 10, v: 11, f: 12, r: 13, '0': 0 };
const GROUPS: Readonly<Record<string, string>> = {
  '?=': 'a lookahead, (?=, is not supported',
  '?!': 'a lookahead, (?!, is not supported',
  '?<=': 'a lookbehind, (?<=, is not supported',
  '?<!': 'a lookbehind, (?<!, is not supported',
};
const QUANTIFIERS: Readonly<Record<string, readonly [number, number]>> = {
  '*': [0, Infinity],
  '+': [1, Infinity],
  '?': [0, 1],
};

/**
 * Reads the regular part of ECMAScript's regular expressions (flag u): no lookaround, back references or word
 * boundaries.
 *
 * @throws GlossaError INVALID_REQUEST that names what is not supported
 */
export function parsePattern(where: Located, text: string): Pattern {
  if (text.length > MAX_LENGTH) {
    refuse(where, `expected a pattern of at most ${MAX_LENGTH} characters, received ${text.length}`);
  }
  return new PatternParser(where, text).parse();
}

class PatternParser {
  readonly #where: Located;
  readonly #characters: readonly string[];
  #position = 0;

  constructor(where: Located, text: string) {
    this.#where = where;
    this.#characters = Array.from(text);
  }

  parse(): Pattern {
    const pattern = this.#choice(0);
    if (this.#peek() !== '') this.#fail('a ) closes no group');
    return pattern;
  }

  #choice(depth: number): Pattern {
    if (depth > MAX_NESTING) this.#fail(`groups are nested more than ${MAX_NESTING} deep`);
    const options = [this.#sequence(depth)];
    while (this.#skip('|')) options.push(this.#sequence(depth));
    const [first] = options;
    return options.length === 1 && first !== undefined ? first : { kind: 'choice', options };
  }

  #sequence(depth: number): Pattern {
    const parts: Pattern[] = [];
    for (let next = this.#peek(); next !== '' && next !== '|' && next !== ')'; next = this.#peek()) {
      parts.push(this.#repetition(this.#atom(depth)));
    }
    const [first] = parts;
    return parts.length === 1 && first !== undefined ? first : { kind: 'sequence', parts };
  }

  #atom(depth: number): Pattern {
    const character = this.#take();
    if (character === '^') return { kind: 'start' };
    if (character === '$') return { kind: 'end' };
    if (character === '.') return { kind: 'class', ranges: complement(LINE_ENDS) };
    if (character === '[') return this.#class();
    if (character === '(') return this.#group(depth);
    if (character === '\\') return { kind: 'class', ranges: this.#escape(false) };
    if ('*+?{'.includes(character)) this.#fail(`a ${character} repeats nothing`);
    return { kind: 'class', ranges: [only(character)] };
  }

  #group(depth: number): Pattern {
    if (this.#peek() === '?') {
      const head = this.#characters.slice(this.#position, this.#position + 3).join('');
      const refused = GROUPS[head] ?? GROUPS[head.slice(0, 2)];
      if (refused !== undefined) this.#fail(refused);
      this.#take();
      if (this.#skip('<')) {
        while (/[\p{L}\p{N}_$]/u.test(this.#peek())) this.#take();
        if (!this.#skip('>')) this.#fail('the name of a group does not end');
      } else if (!this.#skip(':')) this.#fail('a group that begins with (? is not supported, but (?: is');
    }
    const inside = this.#choice(depth + 1);
    if (!this.#skip(')')) this.#fail('a group is not closed');
    return inside;
  }

  #repetition(part: Pattern): Pattern {
    const sign = QUANTIFIERS[this.#peek()];
    if (sign !== undefined) this.#take();
    const bounds = sign ?? this.#bounds();
    if (bounds === undefined) return part;
    if (part.kind === 'start' || part.kind === 'end') this.#fail('an anchor can’t be repeated');
    // A lazy one matches the same texts.
    this.#skip('?');
    if (QUANTIFIERS[this.#peek()] !== undefined || this.#peek() === '{') {
      this.#fail('a repetition of a repetition needs a group around the first');
    }
    const [least, most] = bounds;
    return { kind: 'repeat', part, least, most };
  }

  /** {m}, {m,} and {m,n}, which are read up to their end. */
  #bounds(): readonly [number, number] | undefined {
    if (this.#peek() !== '{') return undefined;
    this.#take();
    const least = this.#count();
    let most = least;
    if (this.#skip(',')) most = this.#peek() === '}' ? Infinity : this.#count();
    if (!this.#skip('}')) this.#fail('a { begins no repetition; written \\{ it stands for itself');
    if (most < least) this.#fail('the most repetitions are below the least');
    return [least, most];
  }

  #count(): number {
    let digits = '';
    while (/[0-9]/.test(this.#peek())) digits += this.#take();
    if (digits === '') this.#fail('a { begins no repetition; written \\{ it stands for itself');
    if (Number(digits) > MAX_COUNT) this.#fail(`expected at most ${MAX_COUNT} repetitions`);
    return Number(digits);
  }

  #class(): Pattern {
    const negated = this.#skip('^');
    const ranges: Range[] = [];
    while (!this.#skip(']')) {
      const low = this.#member();
      if (this.#peek() === '-' && this.#characters[this.#position + 1] !== ']') {
        this.#take();
        const high = this.#member();
        const [first, last] = [single(low), single(high)];
        if (first === undefined || last === undefined || first > last) {
          this.#fail('a range in brackets needs two characters in ascending order');
        }
        ranges.push([first, last]);
      } else {
        ranges.push(...low);
      }
    }
    return { kind: 'class', ranges: negated ? complement(ranges) : union(ranges) };
  }

  #member(): readonly Range[] {
    if (this.#peek() === '') this.#fail('a [ is not closed');
    const character = this.#take();
    return character === '\\' ? this.#escape(true) : [only(character)];
  }

  #escape(inClass: boolean): readonly Range[] {
    const letter = this.#take();
    const ranges = CLASSES[letter];
    if (ranges !== undefined) return ranges;
    if (letter === 'b' && inClass) return [[8, 8]];
    if (letter === 'b' || letter === 'B') this.#fail(`a word boundary, \\${letter}, is not supported`);
    if (/[1-9k]/.test(letter)) this.#fail(`a back reference, \\${letter}, is not supported`);
    if (letter === 'p' || letter === 'P') {
      this.#fail(`a property of Unicode, \\${letter}, is not supported`);
    }
    if (letter === '0' && /[0-9]/.test(this.#peek())) this.#fail('an octal number, \\0…, is not supported');
    const control = CONTROLS[letter];
    if (control !== undefined) return [[control, control]];
    if (letter === 'c' && /[a-zA-Z]/.test(this.#peek())) {
      const code = (this.#take().codePointAt(0) ?? 0) % 32;
      return [[code, code]];
    }
    if (letter === 'x') return this.#hexadecimal(2);
    if (letter === 'u') return this.#skip('{') ? this.#braced() : this.#hexadecimal(4);
    if (letter === '' || /[\p{L}\p{N}]/u.test(letter)) this.#fail(`the escape \\${letter} is not supported`);
    return [only(letter)];
  }

  #hexadecimal(length: number): readonly Range[] {
    const digits = this.#characters.slice(this.#position, this.#position + length).join('');
    if (digits.length < length || /[^0-9a-fA-F]/.test(digits))
      this.#fail(`expected ${length} hexadecimal digits`);
    this.#position += length;
    const unit = Number.parseInt(digits, 16);
    if (length === 4 && unit >= 0xd800 && unit <= 0xdfff) return this.#surrogate(unit);
    return [[unit, unit]];
  }

  /** The second half of a pair. */
  #surrogate(high: number): readonly Range[] {
    const rest = /^\\u([dD][c-fC-F][0-9a-fA-F]{2})/.exec(
      this.#characters.slice(this.#position, this.#position + 6).join(''),
    );
    if (high >= 0xdc00 || rest === null) this.#fail('a surrogate without its pair is not supported');
    this.#position += 6;
    const low = Number.parseInt(rest[1] ?? '', 16);
    const codePoint = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
    return [[codePoint, codePoint]];
  }

  #braced(): readonly Range[] {
    let digits = '';
    while (/[0-9a-fA-F]/.test(this.#peek()) && digits.length < 8) digits += this.#take();
    const codePoint = Number.parseInt(digits, 16);
    if (!this.#skip('}') || !(codePoint <= 0x10ffff)) this.#fail('expected a code point in \\u{…}');
    return [[codePoint, codePoint]];
  }

  #peek(): string {
    return this.#characters[this.#position] ?? '';
  }

  #take(): string {
    const character = this.#peek();
    this.#position += 1;
    return character;
  }

  #skip(character: string): boolean {
    const isThere = this.#peek() === character;
    if (isThere) this.#position += 1;
    return isThere;
  }

  #fail(reason: string): never {
    refuse(this.#where, `${reason} (character ${Math.min(this.#position, this.#characters.length)})`);
  }
}

function only(character: string): Range {
  const codePoint = character.codePointAt(0) ?? 0;
  return [codePoint, codePoint];
}

function single(ranges: readonly Range[]): number | undefined {
  const [range] = ranges;
  return ranges.length === 1 && range !== undefined && range[0] === range[1] ? range[0] : undefined;
}
