import { grammarLiteral } from '../grammar-rules.js';
import type { Sequence } from './alternatives.js';
import type { Conjunction, SchemaCompiler } from './compiler.js';
import { jsonRules } from './json-rules.js';
import { type Located, refuse, shownName } from './located.js';
import { otherNames } from './other-names.js';
import type { Shape } from './shape.js';

/** Properties of one object: a model may go on with any of the optional ones, so each is a reading. */
const MAX_PROPERTIES = 500;

/** A property that an object may have: `"name":`, white space and the value. */
interface Member {
  readonly items: Sequence;
  readonly isRequired: boolean;
}

/** Stands for a name that there can't be. */
const NO_NAME = 'none';

/** What may come besides the listed properties. */
interface Others {
  /** An item for name and value. */
  readonly item: string;
  readonly most: number | undefined;
}

/** Objects: the listed properties in the schema's order, then others where the schema asks for them. */
export function objectSequences(compiler: SchemaCompiler, shape: Shape): readonly Sequence[] {
  const names = listedNames(compiler, shape);
  if (names.size > MAX_PROPERTIES) {
    refuse(shape.where, `expected at most ${MAX_PROPERTIES} properties, received ${names.size}`);
  }
  compiler.spend(shape.where, names.size);
  const members: Member[] = [];
  for (const name of names) {
    const isRequired = shape.required.has(name);
    const value = compiler.item(schemasOf(shape, name));
    if (value === undefined && isRequired) return [];
    if (value === undefined) continue;
    members.push({ items: memberItems(compiler, grammarLiteral(JSON.stringify(name)), value), isRequired });
  }
  return objectOf(compiler, shape, members, othersOf(compiler, shape, names));
}

function memberItems(compiler: SchemaCompiler, name: string, value: string): Sequence {
  return [name, '":"', jsonRules(compiler.rules).space, value];
}

/** Those of properties and required; those of an enum of names too. */
function listedNames(compiler: SchemaCompiler, shape: Shape): ReadonlySet<string> {
  const names = new Set(shape.objects.flatMap(({ properties }) => [...properties.keys()]));
  for (const name of shape.required.keys()) names.add(name);
  for (const name of allowedNames(compiler, shape) ?? []) names.add(name);
  return names;
}

/** What a listed property must be: what all schemas say of it. */
function schemasOf(shape: Shape, name: string): Conjunction {
  const schemas: Located[] = [];
  for (const { properties, additional } of shape.objects) {
    const schema = properties.get(name) ?? additional;
    if (schema !== undefined) schemas.push(schema);
  }
  return schemas;
}

/** The names that an enum in propertyNames leaves; undefined if there is none. */
function allowedNames(compiler: SchemaCompiler, shape: Shape): readonly string[] | undefined {
  if (shape.names.length === 0) return undefined;
  const { values } = compiler.shape(shape.names);
  return values?.filter((value) => typeof value === 'string');
}

/** An item of names that propertyNames allows; `none` if it allows no name, undefined where any is allowed. */
function nameItem(compiler: SchemaCompiler, shape: Shape, listed: number): string | undefined {
  if (shape.names.length === 0) return undefined;
  const names = compiler.shape(shape.names);
  const isPossible = !names.impossible && (names.types?.includes('string') ?? true);
  const conditions = names.patterns.size + names.formats.size + names.bounds.size + names.choices.length;
  if (isPossible && conditions === 0) return undefined;
  if (listed > 0) {
    refuse(shape.where, '`propertyNames` beside properties is not supported, unless it is an enum');
  }
  names.types = ['string'];
  return (isPossible ? compiler.itemOf(names) : undefined) ?? NO_NAME;
}

/** Properties that are not listed, if the schema wants any: where it lists some, only if it says so. */
function othersOf(compiler: SchemaCompiler, shape: Shape, names: ReadonlySet<string>): Others | undefined {
  const allowed = allowedNames(compiler, shape);
  if (allowed !== undefined) {
    const refused = [...names].find((name) => !allowed.includes(name));
    if (refused !== undefined) {
      refuse(shape.where, `\`propertyNames\` does not allow the property ${shownName(refused)}`);
    }
    return undefined;
  }
  const allowedName = nameItem(compiler, shape, names.size);
  const isOpen = shape.objects.every((part) => part.additional !== undefined);
  const most = shape.bound('maxProperties') ?? Infinity;
  if (allowedName === NO_NAME || !isOpen || most <= names.size) return undefined;
  const value = compiler.item(shape.objects.flatMap((part) => part.additional ?? []));
  if (value === undefined) return undefined;
  const name = allowedName ?? otherNames(compiler.rules, names);
  const items = memberItems(compiler, name, value);
  const left = most === Infinity ? undefined : most - names.size;
  return { item: compiler.rules.add('other', items.join(' ')), most: left };
}

function objectOf(
  compiler: SchemaCompiler,
  shape: Shape,
  members: readonly Member[],
  others: Others | undefined,
): readonly Sequence[] {
  const needsOne = checkCounts(shape, members);
  const { space } = jsonRules(compiler.rules);
  const comma = ['","', space];
  const otherTail = (most: number | undefined): string =>
    others === undefined
      ? ''
      : `("," ${space} ${others.item})${most === undefined ? '*' : `{0,${Math.min(most, MAX_PROPERTIES)}}`}`;
  const tail = [
    ...members.map(({ items, isRequired }) =>
      isRequired ? [...comma, ...items] : [`(${[...comma, ...items].join(' ')})?`],
    ),
    others === undefined ? [] : [otherTail(others.most)],
  ];
  const open = ['"{"', space];
  const close = [space, '"}"'];
  const firstRequired = members.findIndex(({ isRequired }) => isRequired);
  if (firstRequired === 0) {
    return [[...open, ...(members[0]?.items ?? []), ...tail.slice(1).flat(), ...close]];
  }
  const firsts = firstSequences(compiler, members, firstRequired, tail);
  if (others !== undefined && firstRequired < 0) {
    firsts.push([others.item, otherTail(others.most === undefined ? undefined : others.most - 1)]);
  }
  const sequences = firsts.map((first) => [...open, ...first, ...close]);
  if (firstRequired < 0 && !needsOne) sequences.push([...open, '"}"']);
  return sequences;
}

/**
 * Where the first members are optional, an object begins with any of them. What follows each is a rule that goes on
 * with the rule of the next, so that the grammar grows with the number of properties.
 */
function firstSequences(
  compiler: SchemaCompiler,
  members: readonly Member[],
  firstRequired: number,
  tail: readonly Sequence[],
): Sequence[] {
  const last = firstRequired < 0 ? members.length - 1 : firstRequired;
  let rest: Sequence = tail.slice(last + 1).flat();
  const firsts: Sequence[] = [];
  for (let index = last; index >= 0; index -= 1) {
    firsts.push([...(members[index]?.items ?? []), ...rest]);
    if (index > 0) rest = [compiler.rules.add('rest', [...(tail[index] ?? []), ...rest].join(' '))];
  }
  return firsts.reverse();
}

/** Whether an object must have a property, though none is required. */
function checkCounts(shape: Shape, members: readonly Member[]): boolean {
  const required = members.filter(({ isRequired }) => isRequired).length;
  const least = shape.bounds.get('minProperties');
  const most = shape.bounds.get('maxProperties');
  if (least !== undefined && least.value > Math.max(1, required)) {
    refuse(
      least.where,
      '`minProperties` above 1 and above the number of required properties is not supported',
    );
  }
  if (most !== undefined && most.value < members.length) {
    refuse(most.where, '`maxProperties` below the number of properties is not supported');
  }
  return least !== undefined && least.value > 0 && required === 0;
}
