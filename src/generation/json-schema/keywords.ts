import { suggestion } from '../../nearest-name.js';
import { type Located, refuse, shownName, under } from './located.js';
import { type BoundName, BOUNDS, type Shape, type TypeName, TYPES } from './shape.js';

/** Says nothing about which values there are, or nothing that the other keywords do not say. */
const ANNOTATIONS: ReadonlySet<string> = new Set([
  '$schema',
  '$id',
  '$comment',
  '$defs',
  'definitions',
  'title',
  'description',
  'default',
  'examples',
  'example',
  'deprecated',
  'readOnly',
  'writeOnly',
  'contentEncoding',
  'contentMediaType',
  // OpenAPI's: which branch of a oneOf a value belongs to follows from the branches.
  'discriminator',
]);

const REFUSED: Readonly<Record<string, string>> = {
  not: '',
  if: '',
  then: '',
  else: '',
  contains: '',
  minContains: '',
  maxContains: '',
  patternProperties: '; `propertyNames` with a `pattern` beside `additionalProperties` is',
  dependentRequired: '',
  dependentSchemas: '',
  dependencies: '',
  unevaluatedItems: '; `items` is',
  unevaluatedProperties: '; `additionalProperties` is',
  additionalItems: '; `prefixItems` and `items` are',
  contentSchema: '',
  $anchor: '; a `$ref` with a JSON pointer is',
  $dynamicRef: '; `$ref` is',
  $dynamicAnchor: '; `$ref` is',
  $recursiveRef: '; `$ref` is',
  $recursiveAnchor: '; `$ref` is',
  $vocabulary: '',
  nullable: '; "null" in a list of types is',
};

type Fold = (shape: Shape, where: Located) => void;

/** What a keyword adds to a shape. `where` is the keyword's value. $ref, allOf and what belongs together come apart. */
const FOLDS: ReadonlyMap<string, Fold> = new Map<string, Fold>([
  ['type', foldType],
  ['enum', foldEnum],
  ['const', foldConst],
  ['required', foldRequired],
  ['propertyNames', foldNames],
  ['anyOf', foldChoice],
  ['oneOf', foldChoice],
  ['pattern', foldPattern],
  ['format', foldFormat],
  ['uniqueItems', foldUniqueItems],
  ['multipleOf', foldMultipleOf],
  ...BOUNDS.map((name): [string, Fold] => [
    name,
    (shape, where) => {
      foldBound(shape, where, name);
    },
  ]),
]);

/** Those that are read together. */
const JOINT: ReadonlySet<string> = new Set([
  '$ref',
  'allOf',
  'properties',
  'additionalProperties',
  'items',
  'prefixItems',
]);

const KNOWN = [...ANNOTATIONS, ...FOLDS.keys(), ...JOINT, ...Object.keys(REFUSED)];

/** Adds all keywords of a schema object that stand for themselves, and refuses those that are not supported. */
export function foldKeywords(shape: Shape, where: Located, schema: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(schema)) {
    const fold = FOLDS.get(name);
    if (fold !== undefined) fold(shape, under(where, name, value));
    else if (!isAnnotation(name) && !JOINT.has(name)) refuseKeyword(where, name);
  }
  foldObjectPart(shape, where, schema);
  foldArrayPart(shape, where, schema);
}

/** Whether a schema object says nothing besides its $ref. */
export function isBareReference(schema: Record<string, unknown>): boolean {
  return Object.keys(schema).every((name) => name === '$ref' || isAnnotation(name));
}

/** The schemas of a keyword whose value is a list of them. */
export function schemaList(where: Located): readonly Located[] {
  if (!Array.isArray(where.value) || where.value.length === 0) {
    refuse(where, 'expected a list of at least one schema');
  }
  return where.value.map((value: unknown, index) => under(where, String(index), value));
}

function isAnnotation(name: string): boolean {
  return ANNOTATIONS.has(name) || name.startsWith('x-');
}

function refuseKeyword(where: Located, name: string): never {
  const hint = Object.hasOwn(REFUSED, name) ? REFUSED[name] : suggestion(name, KNOWN);
  refuse(where, `the keyword \`${shownName(name)}\` is not supported${hint ?? ''}`);
}

function foldType(shape: Shape, where: Located): void {
  const names: readonly unknown[] = Array.isArray(where.value) ? where.value : [where.value];
  if (names.length === 0 || names.length > TYPES.length) refuse(where, 'expected one to seven types');
  const wanted = new Set(names);
  for (const name of names) {
    if (!TYPES.some((type) => type === name)) refuse(where, `expected types among ${TYPES.join(', ')}`);
  }
  const types = TYPES.filter((type) => wanted.has(type));
  // An integer is a number.
  const holds = (list: readonly TypeName[], type: TypeName): boolean =>
    list.includes(type) || (type === 'integer' && list.includes('number'));
  const known = shape.types;
  const both = known === undefined ? types : TYPES.filter((type) => holds(known, type) && holds(types, type));
  shape.types = both.includes('number') ? both.filter((type) => type !== 'integer') : both;
  if (both.length === 0) shape.impossible = true;
}

function foldEnum(shape: Shape, where: Located): void {
  if (!Array.isArray(where.value) || where.value.length === 0) {
    refuse(where, 'expected a list of at least one value');
  }
  foldValues(shape, where.value);
}

function foldConst(shape: Shape, where: Located): void {
  foldValues(shape, [where.value]);
}

function foldValues(shape: Shape, values: readonly unknown[]): void {
  if (shape.values === undefined) {
    shape.values = values;
    return;
  }
  const texts = new Set(values.map((value) => JSON.stringify(value)));
  shape.values = shape.values.filter((value) => texts.has(JSON.stringify(value)));
}

function foldRequired(shape: Shape, where: Located): void {
  if (!Array.isArray(where.value)) refuse(where, 'expected a list of names');
  for (const name of where.value as unknown[]) {
    if (typeof name !== 'string') refuse(where, 'expected a list of names');
    shape.required.set(name, where);
  }
  shape.mentioned.add('object');
}

function foldNames(shape: Shape, where: Located): void {
  shape.names.push(where);
  shape.mentioned.add('object');
}

function foldChoice(shape: Shape, where: Located): void {
  const owner = parentOf(where).value as object;
  shape.choices.push({ owner, branches: schemaList(where) });
}

function foldPattern(shape: Shape, where: Located): void {
  if (typeof where.value !== 'string') refuse(where, 'expected a text');
  shape.patterns.set(where.value, where);
  shape.mentioned.add('string');
}

function foldFormat(shape: Shape, where: Located): void {
  if (typeof where.value !== 'string') refuse(where, 'expected a text');
  shape.formats.set(where.value, where);
}

function foldUniqueItems(shape: Shape, where: Located): void {
  if (where.value !== false) {
    refuse(parentOf(where), 'the keyword `uniqueItems` is not supported unless it is false');
  }
  shape.mentioned.add('array');
}

function foldMultipleOf(shape: Shape, where: Located): void {
  const integers = shapeHasOnlyIntegers(parentOf(where));
  if (where.value !== 1 || !integers) {
    refuse(
      parentOf(where),
      'the keyword `multipleOf` is not supported, unless it is 1 and the type is integer',
    );
  }
}

function shapeHasOnlyIntegers(where: Located): boolean {
  return (where.value as { type?: unknown }).type === 'integer';
}

function foldBound(shape: Shape, where: Located, name: BoundName): void {
  const isNumeric = name.endsWith('imum');
  const { value } = where;
  if (typeof value !== 'number' || (!isNumeric && (!Number.isInteger(value) || value < 0))) {
    refuse(where, isNumeric ? 'expected a number' : 'expected an integer that is not negative');
  }
  const known = shape.bounds.get(name);
  const isLower = name.startsWith('min') || name === 'exclusiveMinimum';
  if (known === undefined || (isLower ? value > known.value : value < known.value)) {
    shape.bounds.set(name, { where, value });
  }
  for (const type of typesOf(name)) shape.mentioned.add(type);
}

function typesOf(name: BoundName): readonly TypeName[] {
  if (name.endsWith('imum')) return ['number'];
  if (name.endsWith('Length')) return ['string'];
  return name.endsWith('Items') ? ['array'] : ['object'];
}

function foldObjectPart(shape: Shape, where: Located, schema: Record<string, unknown>): void {
  const { properties, additionalProperties } = schema;
  if (properties === undefined && additionalProperties === undefined) return;
  const location = under(where, 'properties', properties);
  if (properties !== undefined && !isObject(properties)) {
    refuse(location, 'expected an object of schemas by name');
  }
  shape.objects.push({
    properties: new Map(
      Object.entries(properties ?? {}).map(([name, value]) => [name, under(location, name, value)]),
    ),
    additional:
      additionalProperties === undefined
        ? undefined
        : under(where, 'additionalProperties', additionalProperties),
  });
  shape.mentioned.add('object');
}

function foldArrayPart(shape: Shape, where: Located, schema: Record<string, unknown>): void {
  const { items, prefixItems } = schema;
  if (items === undefined && prefixItems === undefined) return;
  if (Array.isArray(items)) {
    refuse(where, 'a list as `items` is not supported; `prefixItems` is');
  }
  shape.arrays.push({
    prefix: prefixItems === undefined ? [] : schemaList(under(where, 'prefixItems', prefixItems)),
    items: items === undefined ? undefined : under(where, 'items', items),
  });
  shape.mentioned.add('array');
}

/** Whether a JSON value is an object, and no array. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parentOf(where: Located): Located {
  return where.parent ?? where;
}
