import { z } from 'zod';

import { text } from '../../../generation/request-compounds.js';
import { withJsonForm } from '../../../json-forms.js';
import { isJsonObject } from '../../../server/json-body.js';
import { optional } from '../values.js';

const MOST_PAIRS = 16;
const LONGEST_KEY = 64;
const LONGEST_VALUE = 512;

/** The client's own notes, which come back with the answer. */
export type Metadata = Readonly<Record<string, string>>;

function faultOf(given: unknown): string | undefined {
  if (!isJsonObject(given)) return 'expected an object of texts';
  const pairs = Object.entries(given);
  if (pairs.length > MOST_PAIRS) return `expected at most ${MOST_PAIRS} texts`;
  if (pairs.some(([key]) => key.length > LONGEST_KEY || !text().safeParse(key).success))
    return `expected keys of at most ${LONGEST_KEY} characters`;
  const isRight = (value: unknown): boolean =>
    typeof value === 'string' && value.length <= LONGEST_VALUE && text().safeParse(value).success;
  if (!pairs.every(([, value]) => isRight(value)))
    return `expected texts of at most ${LONGEST_VALUE} characters`;
  return undefined;
}

/** Up to 16 pairs. */
export function metadata(): z.ZodType<Metadata | undefined> {
  const schema = z.unknown().transform((given, context): Metadata => {
    const message = faultOf(given);
    if (message === undefined) return given as Metadata;
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  });
  return optional(
    withJsonForm(schema, {
      type: 'object',
      maxProperties: MOST_PAIRS,
      propertyNames: { maxLength: LONGEST_KEY },
      additionalProperties: { type: 'string', maxLength: LONGEST_VALUE },
    }),
  );
}
