import { z } from 'zod';

import { GlossaError } from '../../errors.js';
import { choice, integer, LARGEST_INT32, number } from '../../generation/request-values.js';
import { withJsonForm } from '../../json-forms.js';
import { firstProblem } from '../../schema-issues.js';
import { boundedArray, textOrArray } from '../../server/bounded-array.js';
import { unknownKeys } from '../../server/ignored-header.js';
import type { JsonObject } from '../../server/json-body.js';
import { NUMERIC_TEXT, plainText } from '../../server/lenient-values.js';

/** Inputs of one request for embeddings at most. */
const MOST_INPUTS = 2048;
/** Messages of one conversation at most. */
const MOST_MESSAGES = 4096;
const MOST_STOPS = 16;
const LONGEST_STOP = 1024;

/** The original's reader takes a number's text for the number. */
function fromText(value: unknown): unknown {
  const isNumeric = typeof value === 'string' && /^\s*[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?\s*$/i.test(value);
  return isNumeric ? Number(value) : value;
}

/** A number that may be left out; null means the default, as it does where JavaScript writes undefined values. */
function optionalNumber(schema: z.ZodNumber | z.ZodInt): z.ZodType<number | undefined> {
  const lenient = z.preprocess(fromText, schema.nullish()).transform((value) => value ?? undefined);
  return withJsonForm(lenient, (convert) => ({
    anyOf: [convert(schema), NUMERIC_TEXT, { type: 'null' }],
  }));
}

/** A field of OpenAI's that this API has no other value for. */
function only(value: string | number | boolean, why: string): z.ZodType {
  return z
    .literal(value, `expected ${String(value)}: ${why}`)
    .nullish()
    .describe(`Nothing else: ${why}.`);
}

function stopText(): z.ZodType<string> {
  return plainText()
    .refine((text) => text !== '', 'must not be empty')
    .refine((text) => text.length <= LONGEST_STOP, `expected at most ${LONGEST_STOP} characters`)
    .meta({ minLength: 1, maxLength: LONGEST_STOP });
}

/** What completions and chats are decoded with. Nothing is filled in: what is given decides what is drawn. */
const decodingFields = {
  max_tokens: optionalNumber(integer({ least: 1, most: LARGEST_INT32 })).describe('New tokens at most.'),
  temperature: optionalNumber(number({ least: 0, most: 2 })).describe('0 takes the likeliest continuation.'),
  top_p: optionalNumber(number({ least: 0, most: 1 })).describe(
    'Keeps a token if the mass ranked above it is less; 1 keeps all.',
  ),
  top_k: optionalNumber(integer({ least: 0, most: LARGEST_INT32 })).describe('0 keeps all.'),
  num_beams: optionalNumber(integer({ least: 1, most: 64 })).describe('More than 1: beam search.'),
  repetition_penalty: optionalNumber(number({ least: 1e-6, most: 1e6 })).describe(
    'Makes tokens that came before less likely; 1 is off.',
  ),
  seed: optionalNumber(integer({ least: 0, most: Number.MAX_SAFE_INTEGER })).describe(
    'Our addition: makes drawing repeatable.',
  ),
  /** Declared by the original, and without effect there. */
  stop: textOrArray(stopText(), boundedArray(stopText(), { most: MOST_STOPS, of: 'text' }))
    .nullish()
    .transform((stop): readonly string[] => (typeof stop === 'string' ? [stop] : (stop ?? [])))
    .describe('Texts that end the answer and are not part of it.'),
  n: only(1, 'this API gives one answer'),
  stream: only(false, 'this API does not stream'),
  model: plainText().nullish().describe('Id or alias.'),
};

/** Body of `POST /v1/completions`. */
export const completionSchema = z.object({
  prompt: plainText().describe('Instruction to answer.'),
  ...decodingFields,
  echo: only(false, 'this API gives the answer alone'),
  logprobs: z
    .null('expected null: this API gives no log-probabilities')
    .optional()
    .describe('Nothing else: this API gives no log-probabilities.'),
});

const messageSchema = z.looseObject({
  role: choice(['user', 'assistant', 'system']),
  message: plainText(),
});

/** Body of `POST /v1/chat/completions`. One text stands for one message of the user. */
export const chatSchema = z.object({
  messages: textOrArray(
    plainText(),
    boundedArray(messageSchema, { least: 1, most: MOST_MESSAGES, of: 'message' }),
  ).describe('The conversation so far; one text is one message of the user.'),
  ...decodingFields,
});

function inputText(): z.ZodType<string> {
  return plainText()
    .refine((text) => text !== '', 'must not be empty')
    .meta({ minLength: 1 });
}

/** Body of `POST /v1/embeddings`. */
export const embeddingsSchema = z.object({
  input: textOrArray(
    inputText(),
    boundedArray(inputText(), { least: 1, most: MOST_INPUTS, of: 'text' }),
  ).describe('One text, or several.'),
  model: plainText().nullish().describe('Id or alias.'),
  encoding_format: only('float', 'this API writes vectors as lists of numbers'),
  dimensions: z
    .null("expected null: vectors have the model's own length")
    .optional()
    .describe("Nothing else: vectors have the model's own length."),
});

/** The decoding fields of a body, whichever it is. */
export type DecodingFields = Pick<z.output<typeof chatSchema>, keyof typeof decodingFields>;

/** A checked body, and the names of the fields that have no effect. */
export interface ParsedBody<Body> {
  readonly body: Body;
  readonly ignored: readonly string[];
}

/**
 * Checks a body.
 *
 * @throws GlossaError INVALID_REQUEST, naming the field that is wrong
 */
export function parseBody<Schema extends z.ZodObject>(
  schema: Schema,
  given: JsonObject,
): ParsedBody<z.output<Schema>> {
  const result = schema.safeParse(given);
  if (result.success) {
    return { body: result.data, ignored: unknownKeys(given, schema.shape) };
  }
  const { path, message } = firstProblem(result.error);
  const param = path.map(String).join('.');
  throw new GlossaError('INVALID_REQUEST', `${param}: ${message}`, { param });
}
