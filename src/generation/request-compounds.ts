import { z } from 'zod';

import { GlossaError } from '../errors.js';
import { withJsonForm, type JsonSchema } from '../json-forms.js';
import { checkGrammar } from './grammar.js';
import { expectations, LARGEST_INT32, mismatch, type Bounds } from './request-values.js';

/** A value that zod has no word for. */
type Checked<T> = z.ZodCustom<T, T>;
/** One that may be written in several ways and becomes the one that is worked with. */
type Reshaped<In, Out> = z.ZodPipe<Checked<In>, z.ZodTransform<Out, In>>;

/** What is wrong with a value; undefined if nothing is. Takes time linear in the value's size. */
type Fault = (value: unknown) => string | undefined;

/** Text that has an exact UTF-8 form and that C strings survive: no lone surrogates, no NUL. */
export function text(expected = 'text'): Checked<string> {
  return custom<string>(expected, textFault(expected), TEXT);
}

/** A GBNF grammar, looked through before anything that could choke on it sees it. */
export function grammar(): Checked<string> {
  const expected = 'a GBNF grammar';
  const fault = textFault(expected);
  return custom<string>(expected, (value) => fault(value) ?? grammarFault(value as string), TEXT);
}

/** Text, or token ids, of any length. */
export function prompt(): Checked<string | readonly number[]> {
  const expected = 'text or an array of token ids';
  return custom<string | readonly number[]>(
    expected,
    (value) =>
      typeof value === 'string'
        ? textFault(expected)(value)
        : idsFault(expected, { least: 0, most: Infinity })(value),
    { anyOf: [TEXT, { type: 'array', items: TOKEN_ID }] },
  );
}

/** Several texts that are not empty. */
export function texts({ most, longest }: { most: number; longest: number }): Checked<readonly string[]> {
  const expected = `an array of at most ${most} texts of 1 to ${longest} characters`;
  const itemFault = textFault(expected);
  return custom<readonly string[]>(
    expected,
    (value) =>
      listFault(value, expected, { least: 0, most }, (item) => {
        const fault = itemFault(item);
        if (fault !== undefined || typeof item !== 'string') return fault;
        if (item.length > 0 && item.length <= longest) return undefined;
        return `expected ${expected}, received one of ${item.length} characters`;
      }),
    { type: 'array', maxItems: most, items: { ...TEXT, minLength: 1, maxLength: longest } },
  );
}

/** Several token ids. */
export function tokenIds({ most }: { most: number }): Checked<readonly number[]> {
  const expected = most === Infinity ? 'an array of token ids' : `an array of at most ${most} token ids`;
  return custom<readonly number[]>(expected, idsFault(expected, { least: 0, most }), idsForm({ most }));
}

/** One token id or several; becomes several. */
export function oneOrMoreIds({
  most,
}: {
  most: number;
}): Reshaped<number | readonly number[], readonly number[]> {
  const expected = `a token id or an array of at most ${most}`;
  const fault = idsFault(expected, { least: 0, most });
  return custom<number | readonly number[]>(
    expected,
    (value) => (typeof value === 'number' ? idFault(value) : fault(value)),
    { anyOf: [TOKEN_ID, idsForm({ most })] },
  )
    .transform((value): readonly number[] => (typeof value === 'number' ? [value] : value))
    .register(expectations, { expected });
}

/** Several sequences of token ids, none of them empty. */
export function idSequences({
  most,
  longest,
}: {
  most: number;
  longest: number;
}): Checked<readonly (readonly number[])[]> {
  const expected = `an array of at most ${most} arrays of 1 to ${longest} token ids`;
  return custom<readonly (readonly number[])[]>(
    expected,
    (value) =>
      listFault(value, expected, { least: 0, most }, idsFault(expected, { least: 1, most: longest })),
    { type: 'array', maxItems: most, items: idsForm({ least: 1, most: longest }) },
  );
}

/** A sequence of token ids and what is added to the score of the last one after the others. */
export type SequenceBias = readonly [ids: readonly number[], bias: number];

/** Several sequences with biases; of equal sequences the last one counts, as in transformers. */
export function sequenceBiases({
  most,
  longest,
  bias,
}: {
  most: number;
  longest: number;
  bias: Bounds;
}): Reshaped<readonly SequenceBias[], readonly SequenceBias[]> {
  const expected =
    `an array of at most ${most} pairs of 1 to ${longest} token ids ` +
    `and a number from ${bias.least} to ${bias.most}`;
  const fault = idsFault(expected, { least: 1, most: longest });
  const pair = pairForm(idsForm({ least: 1, most: longest }), {
    type: 'number',
    minimum: bias.least,
    maximum: bias.most,
  });
  return custom<readonly SequenceBias[]>(
    expected,
    (value) =>
      listFault(value, expected, { least: 0, most }, (item) => {
        if (!Array.isArray(item) || item.length !== 2) return mismatch(expected, item);
        const [ids, added] = item as unknown[];
        return fault(ids) ?? (isWithin(added, bias) ? undefined : mismatch(expected, added));
      }),
    { type: 'array', maxItems: most, items: pair },
  )
    .transform((value): readonly SequenceBias[] => [
      ...new Map(value.map((item) => [item[0].join(), item])).values(),
    ])
    .register(expectations, { expected });
}

/** From which new token on, and by which factor with each token, something grows. */
export function decay(factor: Pick<Bounds, 'most'>): Checked<readonly [start: number, factor: number]> {
  const expected = `[an integer from 0 to ${LARGEST_INT32}, a number above 0 and at most ${factor.most}]`;
  return custom<readonly [start: number, factor: number]>(
    expected,
    (value) => {
      if (!Array.isArray(value) || value.length !== 2) return mismatch(expected, value);
      const [start, growth] = value as unknown[];
      if (!isInteger(start)) return mismatch(expected, start);
      return isWithin(growth, { least: Number.MIN_VALUE, most: factor.most })
        ? undefined
        : mismatch(expected, growth);
    },
    pairForm(TOKEN_ID, { type: 'number', exclusiveMinimum: 0, maximum: factor.most }),
  );
}

/** @param form what it takes, in the words of JSON Schema */
function custom<T>(expected: string, fault: Fault, form: JsonSchema): Checked<T> {
  const schema = z
    .custom<T>((value) => fault(value) === undefined, {
      error: ({ input }) => fault(input) ?? mismatch(expected, input),
    })
    .register(expectations, { expected });
  return withJsonForm(schema, form);
}

const TEXT: JsonSchema = { type: 'string' };
const TOKEN_ID: JsonSchema = { type: 'integer', minimum: 0, maximum: LARGEST_INT32 };

function idsForm({ least = 0, most }: { readonly least?: number; readonly most: number }): JsonSchema {
  return {
    type: 'array',
    ...(least > 0 && { minItems: least }),
    ...(most < Infinity && { maxItems: most }),
    items: TOKEN_ID,
  };
}

function pairForm(...prefixItems: readonly [first: JsonSchema, second: JsonSchema]): JsonSchema {
  return { type: 'array', prefixItems, items: false, minItems: 2, maxItems: 2 };
}

function textFault(expected: string): Fault {
  return (value) => {
    if (typeof value !== 'string') return mismatch(expected, value);
    if (!value.isWellFormed()) return 'expected text without lone surrogates, received one';
    return value.includes('\0') ? 'expected text without NUL characters, received one' : undefined;
  };
}

/** What checkGrammar says, without the parameter's name, which all messages get. */
function grammarFault(text: string): string | undefined {
  try {
    checkGrammar(text);
    return undefined;
  } catch (error) {
    if (error instanceof GlossaError) return error.message.replace(/^grammar: /, '');
    throw error;
  }
}

/** The first fault in a list: a million bad items make one message, not a million. */
function listFault(value: unknown, expected: string, length: Bounds, itemFault: Fault): string | undefined {
  if (!Array.isArray(value)) return mismatch(expected, value);
  if (value.length < length.least || value.length > length.most)
    return `expected ${expected}, received ${value.length}`;
  for (const item of value as unknown[]) {
    const fault = itemFault(item);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function idsFault(expected: string, length: Bounds): Fault {
  return (value) => listFault(value, expected, length, idFault);
}

function idFault(value: unknown): string | undefined {
  return isInteger(value) ? undefined : mismatch(`token ids from 0 to ${LARGEST_INT32}`, value);
}

function isInteger(value: unknown): boolean {
  return Number.isInteger(value) && isWithin(value, { least: 0, most: LARGEST_INT32 });
}

function isWithin(value: unknown, { least, most }: Bounds): boolean {
  return typeof value === 'number' && value >= least && value <= most;
}
