import { grammarLiteral, type GrammarRules } from '../grammar-rules.js';

/**
 * White space that may stand behind an opening bracket, a comma or a colon and before a closing bracket: one space, or
 * one line end and an indentation. Bounded, because a model that may go on with spaces sometimes does not stop.
 */
const SPACE = String.raw`(" " | "\n" [ \t]{0,20})?`;
const HEX = '[0-9a-fA-F]';
/** A code point in a string: as it is, or escaped; a surrogate only with its pair, so that strings are well-formed. */
const CHARACTER = [
  String.raw`[^"\\\x00-\x1F]`,
  String.raw`"\\" (["\\/bfnrt] | "u" escape)`.replace(
    'escape',
    `([0-9abcefABCEF] ${HEX}{3} | [dD] ([0-7] ${HEX}{2} | [89abAB] ${HEX}{2} ${grammarLiteral('\\u')} [dD] [c-fC-F] ${HEX}{2}))`,
  ),
].join(' | ');
const INTEGER = '"-"? ("0" | [1-9] [0-9]{0,15})';
const NUMBER = '"-"? ("0" | [1-9] [0-9]{0,15}) ("." [0-9]{1,16})? ([eE] [-+]? [0-9] [0-9]?)?';

/** The rules for JSON of which a schema says no more than the type, in one grammar, made when they are needed. */
export class JsonRules {
  readonly #rules: GrammarRules;
  #value: string | undefined;
  #object = '';
  #array = '';

  constructor(rules: GrammarRules) {
    this.#rules = rules;
  }

  get space(): string {
    return this.#rules.add('space', SPACE);
  }

  get character(): string {
    return this.#rules.add('char', CHARACTER);
  }

  get string(): string {
    return this.#rules.add('string', `["] ${this.character}* ["]`);
  }

  get integer(): string {
    return this.#rules.add('integer', INTEGER);
  }

  get number(): string {
    return this.#rules.add('number', NUMBER);
  }

  get boolean(): string {
    return this.#rules.add('boolean', '"true" | "false"');
  }

  get value(): string {
    return this.#value ?? this.#addValue();
  }

  get object(): string {
    this.#value ??= this.#addValue();
    return this.#object;
  }

  get array(): string {
    this.#value ??= this.#addValue();
    return this.#array;
  }

  #addValue(): string {
    const value = this.#rules.reserve('value');
    this.#value = value;
    const { space, string } = this;
    const member = this.#rules.add('member', `${string} ":" ${space} ${value}`);
    const list = (item: string): string => `(${item} ("," ${space} ${item})* ${space})?`;
    this.#object = this.#rules.add('object', `"{" ${space} ${list(member)} "}"`);
    this.#array = this.#rules.add('array', `"[" ${space} ${list(value)} "]"`);
    this.#rules.define(
      value,
      [this.#object, this.#array, string, this.number, this.boolean, '"null"'].join(' | '),
    );
    return value;
  }
}

const known = new WeakMap<GrammarRules, JsonRules>();

/** The rules for JSON in a grammar: the same each time. */
export function jsonRules(rules: GrammarRules): JsonRules {
  const found = known.get(rules) ?? new JsonRules(rules);
  known.set(rules, found);
  return found;
}
