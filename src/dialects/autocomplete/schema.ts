import { z } from 'zod';

import { GlossaError } from '../../errors.js';
import type { Convert, JsonSchema } from '../../json-forms.js';
import { firstProblem } from '../../schema-issues.js';
import type { JsonObject } from '../../server/json-body.js';
import { clamped, clampedInteger, orDefault, plainText } from '../../server/lenient-values.js';

/** The error for a body without context; its text is the original server's. */
export function missingContext(): GlossaError {
  return new GlossaError('INVALID_REQUEST', 'The context field is required', { param: 'context' });
}

/** Whether an error is that one, which has a status of its own. */
export function isMissingContext(error: GlossaError): boolean {
  return error.message === missingContext().message;
}

const LONGEST_TIME = 86_400;
const LARGEST_COUNT = 0x7fffffff;

/** Body of `POST /autocomplete` under its documented names. */
export const autocompleteBodySchema = z.object({
  context: plainText().describe('Text to continue.'),
  length: orDefault(clampedInteger(1, LARGEST_COUNT), 100).describe(
    "Tokens of one sample at most; bounded further by the model's context.",
  ),
  n_samples: orDefault(clampedInteger(1, 3), 3).describe('How many texts.'),
  max_time: orDefault(clamped(0.1, LONGEST_TIME).optional(), undefined).describe(
    'Seconds. Less than a tenth would not do for the first word.',
  ),
  model_size: orDefault(z.string('expected a string').optional(), undefined).describe(
    'Names the model where the path does not.',
  ),
  temperature: orDefault(clamped(0.01, 100), 1).describe(
    '0 and less become 0.01, which all but always takes the likeliest token.',
  ),
  max_tokens: orDefault(clampedInteger(1, LARGEST_COUNT), 256).describe(
    "Tokens of the prompt's end that are fed.",
  ),
  top_p: orDefault(clamped(0, 1), 0.9).describe(
    'Keeps a token if the mass ranked above it is less; 1 keeps all.',
  ),
  top_k: orDefault(clampedInteger(0, LARGEST_COUNT), 256).describe('0 keeps all.'),
  seed: orDefault(clampedInteger(0, Number.MAX_SAFE_INTEGER).optional(), undefined).describe(
    'Our addition: makes the samples repeatable.',
  ),
});

export type AutocompleteBody = z.output<typeof autocompleteBodySchema>;

/** Spellings of the original code, and the documented ones that win where both are given. */
const OTHER_SPELLINGS: Readonly<Record<string, string>> = { samples: 'n_samples', gen_length: 'length' };

/** A body under both of its fields' names, for documents. A field under two names is read by the first. */
export function bodyInAllSpellings(convert: Convert): JsonSchema {
  const schema = convert(autocompleteBodySchema);
  const properties = schema['properties'] as Readonly<Record<string, JsonSchema>>;
  const others = Object.entries(OTHER_SPELLINGS).map(([other, known]) => [
    other,
    { ...properties[known], description: `Read as ${known}.` },
  ]);
  return { ...schema, properties: { ...properties, ...(Object.fromEntries(others) as JsonSchema) } };
}

/** A checked body, and the names of the fields that have no effect. */
export interface ParsedBody {
  readonly body: AutocompleteBody;
  readonly ignored: readonly string[];
}

/**
 * Checks a body and clamps what is out of range.
 *
 * @throws GlossaError INVALID_REQUEST, naming the field of a wrong type; with param "context" if that is missing
 */
export function parseAutocompleteBody(given: JsonObject): ParsedBody {
  if (given['context'] === undefined || given['context'] === null) {
    throw missingContext();
  }
  const { fields, ignored } = documentedFields(given);
  const result = autocompleteBodySchema.safeParse(fields);
  if (result.success) return { body: result.data, ignored };
  const { path, message } = firstProblem(result.error);
  const param = path.map(String).join('.');
  throw new GlossaError('INVALID_REQUEST', `${param}: ${message}`, { param });
}

function documentedFields(given: JsonObject): { fields: JsonObject; ignored: string[] } {
  const known = Object.keys(autocompleteBodySchema.shape);
  const fields: JsonObject = {};
  const ignored: string[] = [];
  for (const [name, value] of Object.entries(given)) {
    const documented = Object.hasOwn(OTHER_SPELLINGS, name) ? OTHER_SPELLINGS[name] : undefined;
    if (known.includes(name)) fields[name] = value;
    else if (documented === undefined || (given[documented] ?? undefined) !== undefined) ignored.push(name);
    else fields[documented] = value;
  }
  return { fields, ignored };
}
