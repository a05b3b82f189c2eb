import { z } from 'zod';

import { GlossaError } from '../../errors.js';
import { text } from '../../generation/request-compounds.js';
import { generationRequestSchema } from '../../generation/request.js';
import { flag, integer, LARGEST_INT32 } from '../../generation/request-values.js';
import { withJsonForm } from '../../json-forms.js';
import { suggestion } from '../../nearest-name.js';
import { firstProblem } from '../../schema-issues.js';
import type { JsonObject } from '../../server/json-body.js';

const { maxLength, numReturnSequences, topP, topK, temperature } = generationRequestSchema.shape;
const { numBeams, noRepeatNgramSize, repetitionPenalty } = generationRequestSchema.shape;

/** A seed; -1 and null mean that there is none. */
const seed = integer({ least: -1, most: Number.MAX_SAFE_INTEGER }).transform((value) =>
  value === -1 ? undefined : value,
);

/** Every field that a body of either form may have. null, which is Python's None, means the default. */
export const fieldSchemas = {
  input: text().describe('Text to continue.'),
  num_return_sequences: orAbsent(numReturnSequences).describe('How many texts.'),
  temperature: orAbsent(temperature).describe('Scores are divided by it.'),
  seed: orAbsent(seed).describe('Makes the texts repeatable; -1 is none.'),
  max_length: orAbsent(maxLength).describe('Tokens of a text at most, those of the input included.'),
  top_p: orAbsent(topP).describe('Keeps a token if the mass ranked above it is less; 1 keeps all.'),
  top_k: orAbsent(topK).describe('Keeps the k likeliest tokens; 0 keeps all.'),
  num_beams: orAbsent(numBeams).describe('Beams of the search.'),
  no_repeat_ngram_size: orAbsent(noRepeatNgramSize).describe(
    'No run of so many tokens comes twice; 0 is off.',
  ),
  length: orAbsent(integer({ least: 1, most: LARGEST_INT32 })).describe('New tokens at most.'),
  p: orAbsent(topP).describe('top-p.'),
  k: orAbsent(topK).describe('top-k; 0 keeps all.'),
  repetition_penalty: orAbsent(repetitionPenalty).describe(
    'Makes tokens that came before less likely; 1 is off.',
  ),
  stop_token: orAbsent(
    withJsonForm(
      text('text of 1 to 1024 characters').refine(
        (value) => value.length >= 1 && value.length <= 1024,
        'expected text of 1 to 1024 characters',
      ),
      { type: 'string', minLength: 1, maxLength: 1024 },
    ),
  ).describe('Text that ends a text and is not part of it.'),
  test: orAbsent(flag()).describe('true: a fixed text comes back, and no model is asked.'),
};

/** A number of any size, for fields that have no effect on a request. */
export const anyNumber = orAbsent(
  withJsonForm(
    z.custom<number>((value) => typeof value === 'number', 'expected a number'),
    { type: 'number' },
  ),
).describe('Has no effect in this mode.');

/** The engine's names in the words of its messages, and what they are called in a body. */
const NAMES: readonly (readonly [engine: string, body: Readonly<Record<Form, string>>])[] = [
  ['prompt', { modes: 'input', plain: 'input' }],
  ['maxLength', { modes: 'max_length', plain: 'length' }],
  ['maxNewTokens', { modes: 'max_length', plain: 'length' }],
  ['numReturnSequences', { modes: 'num_return_sequences', plain: 'num_return_sequences' }],
  ['noRepeatNgramSize', { modes: 'no_repeat_ngram_size', plain: 'no_repeat_ngram_size' }],
  ['repetitionPenalty', { modes: 'repetition_penalty', plain: 'repetition_penalty' }],
  ['stopStrings', { modes: 'stop_token', plain: 'stop_token' }],
  ['numBeams', { modes: 'num_beams', plain: 'num_beams' }],
  ['topP', { modes: 'top_p', plain: 'p' }],
  ['topK', { modes: 'top_k', plain: 'k' }],
];

/** The two forms that bodies were published in. */
export type Form = 'modes' | 'plain';

/**
 * Checks a body against a schema that knows all of its fields.
 *
 * @throws GlossaError INVALID_REQUEST, naming the field that is wrong or unknown
 */
export function checkFields<Schema extends z.ZodType>(
  schema: Schema,
  body: JsonObject,
  known: readonly string[],
): z.output<Schema> {
  refuseUnknown(body, known);
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const { path, message } = firstProblem(result.error);
  const param = path.map(String).join('.');
  throw new GlossaError('INVALID_REQUEST', `${param}: ${message}`, { param });
}

/** Not left to the schema, which would gather all unknown names, however many there are. */
function refuseUnknown(body: JsonObject, known: readonly string[]): void {
  const unknown = Object.keys(body).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const name = unknown.slice(0, 64);
  throw new GlossaError('INVALID_REQUEST', `unknown field ${name}${suggestion(unknown, known)}`, {
    param: name,
  });
}

/** An error of the engine's own checks, in the names of the body. */
export function inBodyNames(error: GlossaError, form: Form): GlossaError {
  const renamed = NAMES.reduce(
    (message, [engine, body]) => message.replaceAll(new RegExp(`\\b${engine}\\b`, 'g'), body[form]),
    error.message,
  );
  if (renamed === error.message) return error;
  const param = NAMES.find(([engine]) => engine === error.param)?.[1][form] ?? error.param;
  return new GlossaError(error.code, renamed, {
    cause: error.cause,
    ...(param !== undefined && { param }),
  });
}

function orAbsent<T>(schema: z.ZodType<T>): z.ZodType<T | undefined> {
  return schema.nullish().transform((value) => value ?? undefined);
}
