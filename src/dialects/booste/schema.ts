import { z } from 'zod';

import { GlossaError } from '../../errors.js';
import { suggestion } from '../../nearest-name.js';
import { firstProblem } from '../../schema-issues.js';
import { isJsonObject, type JsonObject } from '../../server/json-body.js';
import { numeric, orDefault, plainText } from '../../server/lenient-values.js';

/** Words that one request may ask for: hours on a small machine, so that a slip of the finger ends some day. */
export const MOST_WORDS = 100_000;

/** A number, which may come as a text, of a range. Out of it is an error here: clients have checked it already. */
function numberWithin(least: number, most: number): z.ZodType<number> {
  return numeric().refine(
    (value) => value >= least && value <= most,
    `expected a number from ${least} to ${most}`,
  );
}

function integerWithin(least: number, most: number): z.ZodType<number> {
  return numeric().refine(
    (value) => Number.isInteger(value) && value >= least && value <= most,
    `expected an integer from ${least} to ${most}`,
  );
}

/** What text generation can be asked for, under the names that clients send. */
export const wordsSchema = z.object({
  string: plainText(),
  /** Words to predict. */
  length: orDefault(integerWithin(0, MOST_WORDS), 5),
  temperature: orDefault(numberWithin(0.1, 1), 0.8),
  /** Most recent words of the text that are looked at. */
  windowMax: orDefault(integerWithin(1, 1023), 100),
  /** Our addition: makes the words repeatable. */
  seed: orDefault(integerWithin(0, Number.MAX_SAFE_INTEGER).optional(), undefined),
});

/** A checked request for words. */
export type WordsFields = z.output<typeof wordsSchema>;

const modelName = z.string('expected a string');
/** Not z.record(), which would go through its fields before they are counted. */
const modelParameters = z.custom<JsonObject>(isJsonObject, 'expected an object');
const taskId = z.string('expected a string').min(1, 'expected the id of a task').max(256, 'too long');

/** Body of the routes for GPT-2. */
export const gpt2BodySchema = wordsSchema.extend({
  /** "gpt2", "gpt2-xl", or any id or alias. */
  modelSize: orDefault(modelName, 'gpt2'),
});

/** Body of the generic start. */
export const genericBodySchema = z.object({ modelKey: modelName, modelParameters });

/** Body of everything that is about a task. */
export const taskBodySchema = z.object({ TaskID: taskId });

/** Generation 3 wraps its bodies, and names the task otherwise. */
export const longPollSchema = z.object({
  longPoll: orDefault(z.boolean('expected true or false'), false),
});

/** Names of the documented Python functions' arguments, and another spelling of the task's id: understood as well. */
const OTHER_SPELLINGS: Readonly<Record<string, string>> = {
  in_string: 'string',
  window_max: 'windowMax',
  api_key: 'apiKey',
  taskID: 'TaskID',
  task_id: 'TaskID',
};

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
