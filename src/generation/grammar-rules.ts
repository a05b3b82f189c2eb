/** The rules of a GBNF grammar that is being put together, each text once. */
export class GrammarRules {
  /** Names by rule bodies. */
  readonly #names = new Map<string, string>();
  readonly #bodies = new Map<string, string>();

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
    let name = hint;
    for (let number = 2; name === 'root' || this.#bodies.has(name); number += 1) name = `${hint}-${number}`;
    this.#bodies.set(name, '');
    return name;
  }

  define(name: string, body: string): void {
    this.#bodies.set(name, body);
  }

  /** The whole grammar of texts that `root` describes. */
  toString(root: string): string {
    const rules = [...this.#bodies].map(([name, body]) => `${name} ::= ${body}`);
    return [`root ::= ${root}`, ...rules].join('\n');
  }
}

/** A text as GBNF writes it. */
export function grammarLiteral(text: string): string {
  const escaped = text.replaceAll(/["\\]/g, (character) => `\\${character}`);
  return `"${escaped.replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll('\t', '\\t')}"`;
}
