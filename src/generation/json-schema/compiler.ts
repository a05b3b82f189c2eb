import type { GrammarRules } from '../grammar-rules.js';
import { MAX_GRAMMAR_LENGTH, MAX_GRAMMAR_RULES } from '../grammar-limits.js';
import { choice, distinct, type Sequence } from './alternatives.js';
import { arraySequences } from './arrays.js';
import { jsonRules } from './json-rules.js';
import { foldKeywords, isBareReference, isObject, schemaList } from './keywords.js';
import { type Located, refuse, under } from './located.js';
import { integerSequences, numberSequences } from './numbers.js';
import { objectSequences } from './objects.js';
import type { SchemaDocument } from './schema-document.js';
import { Shape, type TypeName, TYPES } from './shape.js';
import { stringSequences } from './strings.js';
import { valueSequences } from './values.js';

/** Schemas that must hold at once; none is any value. */
export type Conjunction = readonly Located[];

/** How deep schemas may be nested, references followed. */
const MAX_NESTING = 200;
/** What is looked at, schema objects and what they list, again where references lead to it again. */
const MAX_STEPS = 200_000;
/** Alternatives that are written where they are used, not as a rule: beginnings they share come out. */
const MAX_INLINE = 32;

type Builder = (compiler: SchemaCompiler, shape: Shape) => readonly Sequence[];

const BUILDERS: Readonly<Record<TypeName, Builder>> = {
  object: objectSequences,
  array: arraySequences,
  string: stringSequences,
  integer: integerSequences,
  number: numberSequences,
  boolean: ({ rules }) => [[jsonRules(rules).boolean]],
  null: () => [['"null"']],
};

/** Turns schemas into rules, each schema object once. */
export class SchemaCompiler {
  readonly rules: GrammarRules;
  /** Rules that refer to themselves, by name. */
  readonly recursive = new Map<string, Located>();
  readonly #document: SchemaDocument;
  readonly #known = new Map<string, readonly Sequence[]>();
  /** Schemas that are being compiled, with a rule's name once one is needed. */
  readonly #open = new Map<string, string | undefined>();
  readonly #numbers = new WeakMap<object, number>();
  #lastNumber = 0;
  #steps = 0;

  constructor(rules: GrammarRules, document: SchemaDocument) {
    this.rules = rules;
    this.#document = document;
  }

  /** What stands for all values of a conjunction: one item of GBNF; undefined if there is no such value. */
  item(conjunction: Conjunction): string | undefined {
    const sequences = this.sequences(conjunction);
    const [first] = sequences;
    if (first === undefined) return undefined;
    if (sequences.length === 1 && first.length === 1) return first[0];
    return this.rules.add('schema', choice(sequences));
  }

  /** The same for a shape that was changed. */
  itemOf(shape: Shape): string | undefined {
    const sequences = this.#expand(shape);
    return sequences.length === 0 ? undefined : this.rules.add('schema', choice(sequences));
  }

  /** The same as alternatives; none if there is no such value. */
  sequences(conjunction: Conjunction): readonly Sequence[] {
    const parts = this.#settled(conjunction);
    const [where] = parts;
    if (where === undefined) return [[jsonRules(this.rules).value]];
    const key = this.#keyOf(parts);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    if (this.#open.has(key)) return [[this.#nameOf(key, where)]];
    if (this.#open.size >= MAX_NESTING) {
      refuse(where, `schemas are nested more than ${MAX_NESTING} levels deep`);
    }
    this.#open.set(key, undefined);
    const sequences = this.#close(key, where, this.#expand(this.shape(parts)));
    this.#known.set(key, sequences);
    return sequences;
  }

  /** All that a conjunction says, in one. */
  shape(conjunction: Conjunction): Shape {
    const parts = this.#settled(conjunction);
    const shape = new Shape(parts[0] ?? this.#document.root);
    for (const part of parts) this.#fold(shape, part);
    return shape;
  }

  #nameOf(key: string, where: Located): string {
    const name = this.#open.get(key) ?? this.rules.reserve('schema');
    this.#open.set(key, name);
    this.recursive.set(name, where);
    return name;
  }

  #close(key: string, where: Located, found: readonly Sequence[]): readonly Sequence[] {
    const sequences = distinct(found);
    const name = this.#open.get(key);
    this.#open.delete(key);
    this.#checkSize(where);
    if (name !== undefined) {
      if (sequences.length === 0) refuse(where, 'no value satisfies this schema');
      this.rules.define(name, choice(sequences));
      return [[name]];
    }
    return sequences.length <= MAX_INLINE ? sequences : [[this.rules.add('schema', choice(sequences))]];
  }

  #checkSize(where: Located): void {
    if (this.rules.length > MAX_GRAMMAR_LENGTH) {
      refuse(where, `the schema is too large: its grammar has more than ${MAX_GRAMMAR_LENGTH} characters`);
    }
    if (this.rules.count >= MAX_GRAMMAR_RULES) {
      refuse(where, `the schema is too large: its grammar has more than ${MAX_GRAMMAR_RULES} rules`);
    }
  }

  /** The alternatives of a shape: of each choice, then of each type. */
  #expand(shape: Shape): readonly Sequence[] {
    this.spend(shape.where, shape.size);
    this.#checkSize(shape.where);
    if (shape.impossible) return [];
    const isOneChoice = shape.isOneChoice;
    const next = shape.choices.pop();
    if (next !== undefined) {
      if (isOneChoice) return next.branches.flatMap((branch) => this.sequences([branch]));
      // A branch that leads back to its anyOf is a circle.
      shape.open.add(next.owner);
      return next.branches.flatMap((branch) => {
        const narrowed = shape.clone();
        this.#fold(narrowed, branch);
        return this.#expand(narrowed);
      });
    }
    if (shape.values !== undefined) {
      this.spend(shape.where, shape.values.length);
      return valueSequences(shape);
    }
    const types = shape.types ?? TYPES.filter((type) => shape.mentioned.has(type));
    if (types.length === 0) return [[jsonRules(this.rules).value]];
    return types.flatMap((type) => BUILDERS[type](this, shape));
  }

  /** Replaces bare references by what they lead to, and leaves out what is there twice and what always holds. */
  #settled(conjunction: Conjunction): Conjunction {
    const parts: Located[] = [];
    const seen = new Set<unknown>();
    for (const part of conjunction) {
      const found = this.#followed(part);
      if (found.value === true || seen.has(found.value)) continue;
      seen.add(found.value);
      parts.push(found);
    }
    return parts;
  }

  #followed(start: Located): Located {
    let found = start;
    for (let steps = 0; isObject(found.value) && Object.hasOwn(found.value, '$ref'); steps += 1) {
      if (!isBareReference(found.value)) return found;
      if (steps === MAX_NESTING) {
        refuse(start, `\`$ref\` leads in a circle, or over more than ${MAX_NESTING} other references`);
      }
      this.spend(start, 1);
      found = this.#document.target(found, found.value['$ref']);
    }
    if (!isObject(found.value) && typeof found.value !== 'boolean') {
      refuse(found, 'expected a schema: an object, true or false');
    }
    return found;
  }

  /** Adds a schema to a shape, with what it refers to and its allOf. */
  #fold(shape: Shape, part: Located): void {
    const where = this.#followed(part);
    const schema = where.value;
    if (schema === false) shape.impossible = true;
    if (!isObject(schema)) return;
    if (shape.open.has(schema)) refuse(where, 'the schema leads back to itself with nothing in between');
    if (shape.folded.has(schema)) return;
    if (shape.open.size >= MAX_NESTING) {
      refuse(where, `schemas are nested more than ${MAX_NESTING} levels deep`);
    }
    this.spend(where, weightOf(schema));
    shape.folded.add(schema);
    shape.open.add(schema);
    foldKeywords(shape, where, schema);
    if (Object.hasOwn(schema, '$ref')) this.#fold(shape, this.#document.target(where, schema['$ref']));
    if (Object.hasOwn(schema, 'allOf')) {
      for (const each of schemaList(under(where, 'allOf', schema['allOf']))) this.#fold(shape, each);
    }
    shape.open.delete(schema);
  }

  #keyOf(conjunction: Conjunction): string {
    return conjunction
      .map(({ value }) => (typeof value === 'object' && value !== null ? this.#numberOf(value) : 0))
      .sort((a, b) => a - b)
      .join('&');
  }

  #numberOf(schema: object): number {
    const number = this.#numbers.get(schema) ?? (this.#lastNumber += 1);
    this.#numbers.set(schema, number);
    return number;
  }

  /** Counts work, so that all of it together is bounded. */
  spend(where: Located, amount: number): void {
    this.#steps += amount;
    if (this.#steps > MAX_STEPS) {
      refuse(where, 'the schema is too large: references, allOf and anyOf multiply it beyond measure');
    }
  }
}

/** What reading a schema object takes. */
function weightOf(schema: Record<string, unknown>): number {
  const lists = [schema['properties'], schema['required'], schema['enum']];
  return lists.reduce<number>(
    (sum, list) => sum + (typeof list === 'object' && list !== null ? Object.keys(list).length : 0),
    1,
  );
}
