import type { z } from 'zod';

import { GlossaError } from '../../errors.js';
import { suggestion } from '../../nearest-name.js';
import { firstProblem } from '../../schema-issues.js';
import type { JsonObject } from '../../server/json-body.js';

/**
 * Fields that OpenAI's clients are known to send, that ask for nothing a local model could do, and that are taken
 * without effect; each with the reason. An answer names those that a request set. Any other unknown field is refused.
 */
export const WITHOUT_EFFECT: Readonly<Record<string, string>> = {
  user: 'tells OpenAI whom it serves',
  safety_identifier: 'tells OpenAI whom it serves',
  prompt_cache_key: 'prefixes are found by their tokens',
  prompt_cache_retention: 'prefixes are kept as long as there is room',
  metadata: 'belongs to stored completions, and nothing is stored',
  service_tier: 'there is one',
};

/** A checked body, and the names of the fields that were taken without effect. */
export interface ParsedBody<Body> {
  readonly body: Body;
  readonly ignored: readonly string[];
}

/**
 * Checks a body against a schema that knows all of its fields.
 *
 * @throws GlossaError INVALID_REQUEST, naming the field that is wrong or unknown
 */
export function parseBody<Schema extends z.ZodObject>(
  schema: Schema,
  given: JsonObject,
): ParsedBody<z.output<Schema>> {
  const ignored = refuseUnknown(given, Object.keys(schema.shape));
  const result = schema.safeParse(given);
  if (result.success) return { body: result.data, ignored };
  const { path, message } = firstProblem(result.error);
  const param = placeOf(path);
  throw new GlossaError('INVALID_REQUEST', `${param}: ${message}`, { param });
}

/** A place as OpenAI writes it: `messages[0].content`. */
function placeOf(path: readonly PropertyKey[]): string {
  return path
    .map((key, index) => (typeof key === 'number' ? `[${key}]` : `${index === 0 ? '' : '.'}${String(key)}`))
    .join('');
}

/** Not left to the schema, which would gather all unknown names, however many there are. */
function refuseUnknown(given: JsonObject, known: readonly string[]): string[] {
  const ignored: string[] = [];
  for (const name of Object.keys(given)) {
    if (known.includes(name)) continue;
    if (!Object.hasOwn(WITHOUT_EFFECT, name)) throw unknownField(name, known);
    if (given[name] !== null) ignored.push(name);
  }
  return ignored;
}

function unknownField(name: string, known: readonly string[]): GlossaError {
  const shown = name.slice(0, 64);
  return new GlossaError('INVALID_REQUEST', `unknown field ${shown}${suggestion(name, known)}`, {
    param: shown,
  });
}
