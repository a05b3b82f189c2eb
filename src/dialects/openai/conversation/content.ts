import { z } from 'zod';

import { text } from '../../../generation/request-compounds.js';
import { withJsonForm } from '../../../json-forms.js';
import { boundedArray, passOn, textOrArray } from '../../../server/bounded-array.js';
import { isJsonObject } from '../../../server/json-body.js';
import { optional } from '../values.js';

/** Parts of one message at most. */
const MOST_PARTS = 4096;

/** Why a part that is no text is refused. */
export const TEXT_ONLY = 'models here read text only';

/** The parts that a message may have, by their type: each a schema that gives its text. */
export type PartSchemas = Readonly<Record<string, z.ZodType<string>>>;

/** One part of a message's content, as its text. */
function part(schemas: PartSchemas, refused: Readonly<Record<string, string>>): z.ZodType<string> {
  const types = Object.keys(schemas);
  const schema = z.unknown().transform((given, context): string => {
    const type = isJsonObject(given) ? given['type'] : undefined;
    const known = typeof type === 'string' && Object.hasOwn(schemas, type) ? schemas[type] : undefined;
    if (known === undefined) {
      const reason = typeof type === 'string' && Object.hasOwn(refused, type) ? refused[type] : undefined;
      const expected = `expected a part of type ${types.join(' or ')}`;
      const message = reason === undefined ? expected : `${String(type)} is not supported: ${reason}`;
      context.addIssue({ code: 'custom', path: isJsonObject(given) ? ['type'] : [], message });
      return z.NEVER;
    }
    const result = known.safeParse(given);
    return result.success ? result.data : passOn(result.error, context, []);
  });
  return withJsonForm(schema, (convert) => ({ anyOf: Object.values(schemas).map(convert) }));
}

/**
 * Text, or text in up to 4,096 parts, which are put together without anything between them.
 *
 * @param refused types that other servers know, and why they are refused here
 */
export function textContent(
  schemas: PartSchemas,
  refused: Readonly<Record<string, string>>,
): z.ZodType<string> {
  const several = boundedArray(part(schemas, refused), { least: 1, most: MOST_PARTS, of: 'part' });
  return textOrArray(text(), several).transform((given) =>
    typeof given === 'string' ? given : given.join(''),
  );
}

/** A field of a message that only answers of other servers fill. */
export function absent(reason: string): z.ZodType<undefined> {
  const nothing = z.custom<undefined>((value) => value === undefined, `expected null: ${reason}`);
  return withJsonForm(optional(nothing), { type: 'null', description: `Of no use here: ${reason}.` });
}
