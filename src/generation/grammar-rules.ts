/** The rules of a GBNF grammar that is being put together, each text once. */
export class GrammarRules {
  /** Names by rule bodies. */
  readonly #names = new Map<string, string>();
  readonly #bodies = new Map<string, string>();
  /** By hint, the number that the next rule of that hint gets; so that many rules of one hint take one pass. */
  readonly #numbers = new Map<string, number>();
  #length = 0;

  /** How many rules there are. */
  get count(): number {
    return this.#bodies.size;
  }

  /** UTF-16 units of the rules' bodies and names, about the length of the grammar. */
  get length(): number {
    return this.#length;
  }

  /**
   * Adds a rule, unless one of the same text is there already.
   *
   * @param hint what its name begins with: lower-case letters, digits and dashes
   * @returns its name
   */
  add(hint: string, body: string): string {
    const known = this.#names.get(body);
    if (known !== undefined) return known;
    const name = this.reserve(hint);
    this.define(name, body);
    this.#names.set(body, name);
    return name;
  }

  /** A name for a rule that is defined later, because it refers to itself. */
  reserve(hint: string): string {
    let number = this.#numbers.get(hint) ?? 1;
    let name = number === 1 ? hint : `${hint}-${number}`;
    // Another hint may look like a numbered name of this one.
    for (; name === 'root' || this.#bodies.has(name); name = `${hint}-${number}`) number += 1;
    this.#numbers.set(hint, number + 1);
    this.#bodies.set(name, '');
    this.#length += name.length + ' ::= \n'.length;
    return name;
  }

  /** Gives a reserved rule what it stands for. */
  define(name: string, body: string): void {
    this.#length += body.length - (this.#bodies.get(name) ?? '').length;
    this.#bodies.set(name, body);
  }

  /** The grammar's rules from the `first`-th on (0 is all), a line each. */
  lines(first = 0): string {
    return [...this.#bodies]
      .slice(first)
      .map(([name, body]) => `${name} ::= ${body}`)
      .join('\n');
  }

  /** The whole grammar of texts that `root` describes. */
  toString(root: string): string {
    return `root ::= ${root}\n${this.lines()}`;
  }
}

/** What does not stand for itself between quotes: controls, line ends of Unicode, and surrogates without their pair. */
const ESCAPED = /["\\\u2028\u2029\ufeff]|\p{Cc}|\p{Cs}/gu;

/**
 * A text as GBNF writes it. Of U+0000 and lone surrogates, which no text of a model has, `checkGrammar` says so.
 */
export function grammarLiteral(text: string): string {
  return `"${text.replaceAll(ESCAPED, (character) =>
    character === '"' || character === '\\' ? `\\${character}` : escapedCodePoint(character.charCodeAt(0)),
  )}"`;
}

/** A code point as GBNF writes it in quotes and in brackets, always escaped unless a letter or digit. */
export function escapedCodePoint(codePoint: number): string {
  if (/[0-9A-Za-z]/.test(String.fromCodePoint(codePoint))) return String.fromCodePoint(codePoint);
  const hex = codePoint.toString(16).toUpperCase();
  if (codePoint <= 0xff) return `\\x${hex.padStart(2, '0')}`;
  return codePoint <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}
