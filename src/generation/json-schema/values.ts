import type { Sequence } from './alternatives.js';
import { literalChoice } from './alternatives.js';
import { refuse } from './located.js';
import type { Shape, TypeName } from './shape.js';

/** Values of one enum. */
const MAX_VALUES = 2000;

/** The values of enum and const, as JSON without white space; those that the types leave. */
export function valueSequences(shape: Shape): readonly Sequence[] {
  const { types, values = [] } = shape;
  if (shape.mentioned.size > 0 || shape.formats.size > 0) {
    refuse(shape.where, 'other conditions beside `enum` and `const` are not supported, but `type` is');
  }
  if (values.length > MAX_VALUES) {
    refuse(shape.where, `expected at most ${MAX_VALUES} values in an enum, received ${values.length}`);
  }
  const left = values.filter((value) => types === undefined || types.some((type) => isOfType(value, type)));
  if (left.length === 0) return [];
  const texts = literalChoice(left.map((value) => JSON.stringify(value)));
  return [[left.length === 1 ? texts : `(${texts})`]];
}

function isOfType(value: unknown, type: TypeName): boolean {
  if (type === 'integer') return Number.isInteger(value);
  if (type === 'array') return Array.isArray(value);
  if (type === 'null') return value === null;
  if (type === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value);
  return typeof value === type;
}
