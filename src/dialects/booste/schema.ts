import { z } from 'zod';

import { GlossaError } from '../../errors.js';
import { withJsonForm, type JsonSchema } from '../../json-forms.js';
import { suggestion } from '../../nearest-name.js';
import { firstProblem } from '../../schema-issues.js';
import { isJsonObject, type JsonObject } from '../../server/json-body.js';
import { NUMERIC_TEXT, numeric, orDefault, plainText } from '../../server/lenient-values.js';

/** Words that one request may ask for: hours on a small machine, so that a slip of the finger ends some day. */
export const MOST_WORDS = 100_000;

/** A number, which may come as a text, of a range. Out of it is an error here: clients have checked it already. */
function numberWithin(least: number, most: number): z.ZodType<number> {
  const schema = numeric().refine(
    (value) => value >= least && value <= most,
    `expected a number from ${least} to ${most}`,
  );
  return withJsonForm(schema, {
    anyOf: [{ type: 'number', minimum: least, maximum: most }, NUMERIC_TEXT],
  });
}

function integerWithin(least: number, most: number): z.ZodType<number> {
  const schema = numeric().refine(
    (value) => Number.isInteger(value) && value >= least && value <= most,
    `expected an integer from ${least} to ${most}`,
  );
  return withJsonForm(schema, {
    anyOf: [{ type: 'integer', minimum: least, maximum: most }, NUMERIC_TEXT],
  });
}

/** What text generation can be asked for, under the names that clients send. */
export const wordsSchema = z.object({
  string: plainText().describe('Text to continue.'),
  length: orDefault(integerWithin(0, MOST_WORDS), 5).describe('Words to predict.'),
  temperature: orDefault(numberWithin(0.1, 1), 0.8).describe(
    'Scores are divided by it before a word is drawn.',
  ),
  windowMax: orDefault(integerWithin(1, 1023), 100).describe(
    'Most recent words of the text that are looked at.',
  ),
  seed: orDefault(integerWithin(0, Number.MAX_SAFE_INTEGER).optional(), undefined).describe(
    'Our addition: makes the words repeatable.',
  ),
});

/** A checked request for words. */
export type WordsFields = z.output<typeof wordsSchema>;

const modelName = z.string('expected a string');
/** Not z.record(), which would go through its fields before they are counted. */
const modelParameters = withJsonForm(z.custom<JsonObject>(isJsonObject, 'expected an object'), (convert) => ({
  ...inAllSpellings(convert(wordsSchema)),
  additionalProperties: false,
}));
const taskId = z.string('expected a string').min(1, 'expected the id of a task').max(256, 'too long');

/** Body of the routes for GPT-2. */
export const gpt2BodySchema = wordsSchema.extend({
  modelSize: orDefault(modelName, 'gpt2').describe('"gpt2", "gpt2-xl", or any id or alias.'),
});

/** Body of the generic start. */
export const genericBodySchema = z.object({
  modelKey: modelName.describe('"gpt2", "gpt2-xl", or any id or alias.'),
  modelParameters,
});

/** Body of everything that is about a task. */
export const taskBodySchema = z.object({ TaskID: taskId.describe('What the start answered.') });

/** Generation 3 wraps its bodies, and names the task otherwise. */
export const longPollSchema = z.object({
  longPoll: orDefault(z.boolean('expected true or false'), false).describe(
    'Waits up to 25 seconds for the task to end.',
  ),
});

/** Names of the documented Python functions' arguments, and another spelling of the task's id: understood as well. */
const OTHER_SPELLINGS: Readonly<Record<string, string>> = {
  in_string: 'string',
  window_max: 'windowMax',
  api_key: 'apiKey',
  taskID: 'TaskID',
  task_id: 'TaskID',
};

/** A schema with the other spellings of its fields beside them. */
export function inAllSpellings(schema: JsonSchema): JsonSchema {
  const properties = (schema['properties'] ?? {}) as Readonly<Record<string, JsonSchema>>;
  const required = (schema['required'] ?? []) as readonly string[];
  const others = Object.entries(OTHER_SPELLINGS).filter(([, known]) => Object.hasOwn(properties, known));
  const spellings = (name: string): string[] => [
    name,
    ...others.filter(([, known]) => known === name).map(([other]) => other),
  ];
  return {
    ...schema,
    properties: {
      ...properties,
      ...Object.fromEntries(
        others.map(([other, known]) => [other, { ...properties[known], description: `Read as ${known}.` }]),
      ),
    },
    required: required.filter((name) => spellings(name).length === 1),
    allOf: required
      .filter((name) => spellings(name).length > 1)
      .map((name) => ({ anyOf: spellings(name).map((spelling) => ({ required: [spelling] })) })),
  };
}

/** Fields of an object at most; the routes know fewer than a dozen. */
export const MOST_FIELDS = 64;

/** The key in a body, under either name; however large the body, nothing else of it is looked at. */
export function keyIn(given: JsonObject): unknown {
  return ['apiKey', 'api_key']
    .map((name) => (Object.hasOwn(given, name) ? given[name] : undefined))
    .find(isDefined);
}

/**
 * Fields under the names of the schemas. Where a field comes under two names, the other one stays as it is.
 *
 * @param place where the fields are, e.g. "data."
 * @throws GlossaError INVALID_REQUEST if there are more than 64
 */
export function withKnownNames(given: JsonObject, place = ''): JsonObject {
  checkFieldCount(given, place);
  const entries = Object.entries(given).map(([name, value]) => {
    const known = Object.hasOwn(OTHER_SPELLINGS, name) ? OTHER_SPELLINGS[name] : undefined;
    return [known === undefined || Object.hasOwn(given, known) ? name : known, value] as const;
  });
  return Object.fromEntries(entries);
}

/**
 * Refuses a wealth of fields before anything goes through them.
 *
 * @throws GlossaError INVALID_REQUEST
 */
export function checkFieldCount(given: JsonObject, place = ''): void {
  let count = 0;
  for (const name in given) {
    if (Object.hasOwn(given, name)) count += 1;
    if (count > MOST_FIELDS) throw tooManyFields(place);
  }
}

function tooManyFields(place: string): GlossaError {
  const param = place.replace(/\.$/, '');
  const message = `${param === '' ? '' : `${param}: `}expected at most ${MOST_FIELDS} fields`;
  return new GlossaError('INVALID_REQUEST', message, param === '' ? {} : { param });
}

function isDefined(value: unknown): boolean {
  return value !== undefined;
}

/** Fields that a schema knows, checked, and the names of those it does not. */
export interface Checked<T> {
  readonly fields: T;
  readonly unused: readonly string[];
}

/**
 * Checks fields by a schema.
 *
 * @param place goes before a field's name in messages, e.g. "data."
 * @throws GlossaError INVALID_REQUEST, naming the field
 */
export function check<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
  given: JsonObject,
  place = '',
): Checked<z.output<z.ZodObject<Shape>>> {
  const result = schema.safeParse(given);
  if (result.success) {
    const unused = Object.keys(given).filter((name) => !Object.hasOwn(schema.shape, name));
    return { fields: result.data, unused };
  }
  const { path, message } = firstProblem(result.error);
  const param = place + path.map(String).join('.');
  throw new GlossaError('INVALID_REQUEST', `${param}: ${message}`, { param });
}

/**
 * Checks the parameters of a generic start. What is unknown is refused: nothing else says which there are.
 *
 * @throws GlossaError INVALID_REQUEST, naming the parameter
 */
export function checkModelParameters(given: JsonObject, place: string): WordsFields {
  const { fields, unused } = check(wordsSchema, withKnownNames(given, place), place);
  const [unknown] = unused;
  if (unknown === undefined) return fields;
  const name = unknown.slice(0, 64);
  const hint = suggestion(name, Object.keys(wordsSchema.shape));
  throw new GlossaError('INVALID_REQUEST', `${place}${name}: unknown parameter${hint}`, { param: name });
}
