/** Schemas for clients that were never told what is wrong with what they send. */
import { z } from 'zod';

/** Not z.number(): 1e999 in JSON is Infinity, which is a number out of range like any other. */
function isNumeric(value: unknown): boolean {
  if (typeof value === 'number') return true;
  return typeof value === 'string' && /^\s*[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?\s*$/i.test(value);
}

/** A number, or a text that is one, whatever its range. */
export function numeric(): z.ZodType<number> {
  return z.custom<number | string>(isNumeric, 'expected a number').transform(Number);
}

/** A number that becomes the nearest one of a range. */
export function clamped(least: number, most: number): z.ZodType<number> {
  return numeric().transform((value) => Math.min(most, Math.max(least, value)));
}

/** The same without its fraction. */
export function clampedInteger(least: number, most: number): z.ZodType<number> {
  return clamped(least, most).transform(Math.trunc);
}

/** null is how JavaScript sends undefined values and Infinity: both mean the default. */
export function orDefault<T>(schema: z.ZodType<T>, value: T): z.ZodType<T> {
  return schema.nullish().transform((given) => given ?? value);
}

/** Text that has an exact UTF-8 form and that C strings survive. */
export function plainText(): z.ZodType<string> {
  return z
    .string('expected a string')
    .refine((value) => value.isWellFormed(), 'must not contain lone surrogates')
    .refine((value) => !value.includes('\0'), 'must not contain NUL characters');
}
