import { z } from 'zod';

/** Largest token id, count of tokens or n-gram size: what the native side holds in 32 bits. */
export const LARGEST_INT32 = 0x7fffffff;

/** What a parameter must be, in the words of its error messages: "an integer from 0 to 7". */
interface Expectation {
  readonly expected: string;
}

/** Expectations of all values below, found by their schema; the documentation's ranges come from here. */
export const expectations = z.registry<Expectation>();

/** Bounds of a number. */
export interface Bounds {
  readonly least: number;
  readonly most: number;
}

/** The end of a message about a value: numbers are shown; texts and lists, which may be secret or huge, are not. */
export function received(value: unknown): string {
  if (typeof value === 'number') return `received ${value}`;
  if (value === undefined) return 'received nothing';
  if (value === null) return 'received null';
  return `received ${Array.isArray(value) ? 'array' : typeof value}`;
}

/** A whole number of a range. */
export function integer({ least, most }: Bounds): z.ZodInt {
  const expected = `an integer from ${least} to ${most}`;
  const options = { error: refusal(expected) };
  return z.int(options).min(least, options).max(most, options).register(expectations, { expected });
}

/** A finite number of a range that has both its ends. */
export function number({ least, most }: Bounds): z.ZodNumber {
  const expected = `a number from ${least} to ${most}`;
  const options = { error: refusal(expected) };
  return z.number(options).min(least, options).max(most, options).register(expectations, { expected });
}

/** A number above 0. */
export function positive({ most }: Pick<Bounds, 'most'>): z.ZodNumber {
  const expected = `a number above 0 and at most ${most}`;
  const options = { error: refusal(expected) };
  return z.number(options).gt(0, options).max(most, options).register(expectations, { expected });
}

/** A number from 0 to below 1. */
export function cutoff(): z.ZodNumber {
  const expected = 'a number of at least 0 and below 1';
  const options = { error: refusal(expected) };
  return z.number(options).min(0, options).lt(1, options).register(expectations, { expected });
}

/** true or false. */
export function flag(): z.ZodBoolean {
  const expected = 'true or false';
  return z.boolean({ error: refusal(expected) }).register(expectations, { expected });
}

/** One of several values, each a text or a boolean. */
export function choice<const Choice extends string | boolean>(
  choices: readonly Choice[],
): z.ZodLiteral<Choice> {
  const shown = choices.map((value) => JSON.stringify(value));
  const expected = `${shown.slice(0, -1).join(', ')} or ${shown.at(-1) ?? ''}`;
  const schema = z.literal(choices, {
    error: ({ input }) => `expected ${expected}, ${receivedChoice(input)}`,
  });
  expectations.add(schema, { expected });
  return schema;
}

/** A plain word that was sent for a choice is told: it is no secret, and mostly a slip of the pen. */
function receivedChoice(value: unknown): string {
  return typeof value === 'string' && /^[\w.-]{1,32}$/.test(value) ? `received "${value}"` : received(value);
}

function refusal(expected: string): (issue: { readonly input?: unknown }) => string {
  return ({ input }) => mismatch(expected, input);
}

/** "expected X, received Y". */
export function mismatch(expected: string, value: unknown): string {
  return `expected ${expected}, ${received(value)}`;
}
