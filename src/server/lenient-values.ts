/** Schemas for clients that were never told what is wrong with what they send. */
import { z } from 'zod';

import { withJsonForm, type JsonSchema } from '../json-forms.js';

const NUMERIC = /^\s*[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?\s*$/i;

/** A text that is a number, in the words of JSON Schema, whose patterns know no flags. */
export const NUMERIC_TEXT: JsonSchema = {
  type: 'string',
  pattern: NUMERIC.source.replace('(e', '([eE]'),
};

/** Not z.number(): 1e999 in JSON is Infinity, which is a number out of range like any other. */
function isNumeric(value: unknown): boolean {
  if (typeof value === 'number') return true;
  return typeof value === 'string' && NUMERIC.test(value);
}

/** A number, or a text that is one, whatever its range. */
export function numeric(): z.ZodType<number> {
  const schema = z.custom<number | string>(isNumeric, 'expected a number').transform(Number);
  return withJsonForm(schema, { anyOf: [{ type: 'number' }, NUMERIC_TEXT] });
}

/** A number that becomes the nearest one of a range. */
export function clamped(least: number, most: number): z.ZodType<number> {
  const schema = numeric().transform((value) => Math.min(most, Math.max(least, value)));
  return withJsonForm(schema, {
    anyOf: [{ type: 'number' }, NUMERIC_TEXT],
    'x-clamped': { minimum: least, maximum: most },
  });
}

/** The same without its fraction. */
export function clampedInteger(least: number, most: number): z.ZodType<number> {
  return clamped(least, most).transform(Math.trunc);
}

/** null is how JavaScript sends undefined values and Infinity: both mean the default. */
export function orDefault<T>(schema: z.ZodType<T>, value: T): z.ZodType<T> {
  const lenient = schema.nullish().transform((given) => given ?? value);
  return withJsonForm(lenient, (convert) => ({
    anyOf: [convert(schema), { type: 'null' }],
    ...(value !== undefined && { default: value }),
  }));
}

/** Text that has an exact UTF-8 form and that C strings survive. */
export function plainText(): z.ZodType<string> {
  return z
    .string('expected a string')
    .refine((value) => value.isWellFormed(), 'must not contain lone surrogates')
    .refine((value) => !value.includes('\0'), 'must not contain NUL characters');
}
