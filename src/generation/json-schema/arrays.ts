import type { Sequence } from './alternatives.js';
import type { Conjunction, SchemaCompiler } from './compiler.js';
import { jsonRules } from './json-rules.js';
import { type Located, refuse } from './located.js';
import { MAX_REPETITIONS, repeated } from './repetition.js';
import type { Shape } from './shape.js';

/** Items that have a schema each. */
const MAX_PREFIX = 500;

/** Arrays: all of prefixItems, then as many items as the bounds allow. */
export function arraySequences(compiler: SchemaCompiler, shape: Shape): readonly Sequence[] {
  const least = shape.bound('minItems') ?? 0;
  const most = shape.bound('maxItems') ?? Infinity;
  if (least > most) return [];
  const location = shape.bounds.get('minItems')?.where ?? shape.where;
  if (least > MAX_REPETITIONS) refuse(location, `expected at most ${MAX_REPETITIONS}, received ${least}`);
  const { space } = jsonRules(compiler.rules);
  const listed = Math.max(0, ...shape.arrays.map(({ prefix }) => prefix.length));
  if (listed > MAX_PREFIX) {
    refuse(shape.where, `expected at most ${MAX_PREFIX} schemas in \`prefixItems\`, received ${listed}`);
  }
  const prefix = prefixItems(compiler, shape, Math.min(listed, most));
  if (prefix === undefined || (prefix.length < listed && prefix.length < least)) return [];
  const rest = prefix.length < listed ? undefined : itemsAfter(compiler, shape, listed, least);
  if (rest === undefined && prefix.length < least) return [];
  const [first, ...others] = prefix;
  const more = (before: number): Sequence => {
    if (rest === undefined) return [];
    const upTo = most === Infinity ? undefined : Math.min(most, MAX_REPETITIONS) - before;
    if (upTo === 0) return [];
    const next = compiler.rules.add('next', `"," ${space} ${rest}`);
    return [repeated(compiler.rules, next, Math.max(0, least - before), upTo)];
  };
  const open = ['"["', space];
  const close = [space, '"]"'];
  if (first !== undefined) {
    return [
      [...open, first, ...others.flatMap((item) => ['","', space, item]), ...more(prefix.length), ...close],
    ];
  }
  const sequences: Sequence[] = [];
  if (rest !== undefined && most > 0) sequences.push([...open, rest, ...more(1), ...close]);
  if (least === 0) sequences.push([...open, '"]"']);
  return sequences;
}

/** Undefined if the schema wants an item that there can't be. */
function prefixItems(compiler: SchemaCompiler, shape: Shape, count: number): readonly string[] | undefined {
  const least = shape.bound('minItems') ?? 0;
  const items: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const item = compiler.item(schemasAt(shape, index));
    if (item === undefined) return index >= least ? items : undefined;
    items.push(item);
  }
  return items;
}

/** What stands behind the prefix; undefined if nothing does. Behind a prefix only what the schema speaks of. */
function itemsAfter(
  compiler: SchemaCompiler,
  shape: Shape,
  listed: number,
  least: number,
): string | undefined {
  const schemas = schemasAt(shape, listed);
  if (listed > 0 && schemas.length === 0 && least <= listed) return undefined;
  return compiler.item(schemas);
}

/** What an item must be: what all schemas say of it. */
function schemasAt(shape: Shape, index: number): Conjunction {
  const schemas: Located[] = [];
  for (const { prefix, items } of shape.arrays) {
    const schema = prefix[index] ?? items;
    if (schema !== undefined) schemas.push(schema);
  }
  return schemas;
}
