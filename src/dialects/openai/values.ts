/** Schemas of values that several bodies of this API share. */
import { z } from 'zod';

import { text } from '../../generation/request-compounds.js';
import { withJsonForm } from '../../json-forms.js';
import { boundedArray, textOrArray } from '../../server/bounded-array.js';
import { isJsonObject } from '../../server/json-body.js';

/** A field that may be left out; null means the same, as OpenAI's own documents have it. */
export function optional<T>(schema: z.ZodType<T>): z.ZodType<T | undefined> {
  return schema.nullish().transform((value) => value ?? undefined);
}

const MOST_STOPS = 16;
const LONGEST_STOP = 1024;

function stopText(): z.ZodType<string> {
  const expected = `text of 1 to ${LONGEST_STOP} characters`;
  const schema = text(expected).refine(
    (value) => value.length >= 1 && value.length <= LONGEST_STOP,
    `expected ${expected}`,
  );
  return withJsonForm(schema, { type: 'string', minLength: 1, maxLength: LONGEST_STOP });
}

/** One text, or several. */
export function stopTexts(): z.ZodType<readonly string[] | undefined> {
  const several = boundedArray(stopText(), { most: MOST_STOPS, of: 'text' });
  return optional(textOrArray(stopText(), several)).transform((stop) =>
    typeof stop === 'string' ? [stop] : stop,
  );
}

const MOST_BIASES = 65_536;
const LARGEST_BIAS = 100;
/** Written in one way only: of two keys with the same id one would count for nothing. */
const TOKEN_ID = /^(?:0|[1-9][0-9]{0,8})$/;

/** Token ids as an object's keys, and what is added to their scores. */
export function logitBias(): z.ZodType<ReadonlyMap<number, number>> {
  const schema = z.unknown().transform((given, context): ReadonlyMap<number, number> => {
    const biases = isJsonObject(given) ? biasesOf(given) : 'expected an object of token ids and biases';
    if (typeof biases !== 'string') return biases;
    context.addIssue({ code: 'custom', message: biases });
    return z.NEVER;
  });
  return withJsonForm(schema, {
    type: 'object',
    maxProperties: MOST_BIASES,
    propertyNames: { pattern: TOKEN_ID.source },
    additionalProperties: { type: 'number', minimum: -LARGEST_BIAS, maximum: LARGEST_BIAS },
  });
}

/** The pairs, or what is wrong with the first that is wrong. */
function biasesOf(given: Readonly<Record<string, unknown>>): ReadonlyMap<number, number> | string {
  const biases = new Map<number, number>();
  for (const key of Object.keys(given)) {
    const bias = given[key];
    if (biases.size === MOST_BIASES) return `expected at most ${MOST_BIASES} token ids`;
    if (!TOKEN_ID.test(key)) return 'expected token ids as keys, without leading zeros';
    if (typeof bias !== 'number' || Math.abs(bias) > LARGEST_BIAS)
      return `expected biases from -${LARGEST_BIAS} to ${LARGEST_BIAS}`;
    biases.set(Number(key), bias);
  }
  return biases;
}
