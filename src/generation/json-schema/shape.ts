import type { Located } from './located.js';

/** Types of JSON Schema, in the order in which alternatives are written. */
export const TYPES = ['object', 'array', 'string', 'integer', 'number', 'boolean', 'null'] as const;
export type TypeName = (typeof TYPES)[number];

/** Keywords that bound a number, a length or a count. */
export const BOUNDS = [
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'minProperties',
  'maxProperties',
] as const;
export type BoundName = (typeof BOUNDS)[number];

/** What one schema object says about an object's properties: those it does not list are `additional`. */
export interface ObjectPart {
  readonly properties: ReadonlyMap<string, Located>;
  readonly additional: Located | undefined;
}

/** What one schema object says about an array's items: those behind its prefix are `items`. */
export interface ArrayPart {
  readonly prefix: readonly Located[];
  readonly items: Located | undefined;
}

/** A keyword's value and where it stands. */
export interface Bound {
  readonly where: Located;
  readonly value: number;
}

/** Of some schemas one holds. */
export interface Choice {
  readonly owner: object;
  readonly branches: readonly Located[];
}

/** All that a value must satisfy at once, gathered from a schema, its references and its allOf. */
export class Shape {
  readonly where: Located;
  types: readonly TypeName[] | undefined;
  /** Types of which there are keywords. */
  readonly mentioned = new Set<TypeName>();
  /** Those of enum and const. */
  values: readonly unknown[] | undefined;
  readonly objects: ObjectPart[] = [];
  readonly required = new Map<string, Located>();
  readonly names: Located[] = [];
  readonly arrays: ArrayPart[] = [];
  readonly bounds = new Map<BoundName, Bound>();
  readonly patterns = new Map<string, Located>();
  readonly formats = new Map<string, Located>();
  /** Of anyOf and oneOf. */
  readonly choices: Choice[] = [];
  /** Schema objects that are in here already. */
  readonly folded = new Set<object>();
  /** Those that are being read, or of whose anyOf a branch is. */
  readonly open = new Set<object>();
  /** Whether no value satisfies it. */
  impossible = false;

  constructor(where: Located) {
    this.where = where;
  }

  /** The same, to be narrowed further. */
  clone(): Shape {
    const copy = new Shape(this.where);
    copy.types = this.types;
    copy.values = this.values;
    copy.impossible = this.impossible;
    for (const type of this.mentioned) copy.mentioned.add(type);
    for (const each of this.objects) copy.objects.push(each);
    for (const each of this.names) copy.names.push(each);
    for (const each of this.arrays) copy.arrays.push(each);
    for (const each of this.choices) copy.choices.push(each);
    for (const each of this.folded) copy.folded.add(each);
    for (const each of this.open) copy.open.add(each);
    for (const [key, value] of this.required) copy.required.set(key, value);
    for (const [key, value] of this.bounds) copy.bounds.set(key, value);
    for (const [key, value] of this.patterns) copy.patterns.set(key, value);
    for (const [key, value] of this.formats) copy.formats.set(key, value);
    return copy;
  }

  /** How much there is to copy. */
  get size(): number {
    return this.folded.size + this.required.size + this.patterns.size + this.choices.length + 10;
  }

  /** Whether it says nothing but that one of some schemas holds. */
  get isOneChoice(): boolean {
    return (
      this.choices.length === 1 &&
      this.types === undefined &&
      this.values === undefined &&
      this.mentioned.size === 0
    );
  }

  /** A bound's value; undefined if there is none. */
  bound(name: BoundName): number | undefined {
    return this.bounds.get(name)?.value;
  }
}
