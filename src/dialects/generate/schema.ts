import { z } from 'zod';

import { generateParameters } from '../../config/generate-defaults.js';
import { firstProblem } from '../../schema-issues.js';
import { boundedArray } from '../../server/bounded-array.js';
import { unknownKeys } from '../../server/ignored-header.js';
import { plainText } from '../../server/lenient-values.js';
import type { JsonObject } from '../../server/json-body.js';
import { Refusal } from './errors.js';

/** Prompts of one batch at most. */
export const MAX_PROMPTS = 256;
/** Characters (UTF-16 code units) of a request_id at most: each event repeats it. */
export const LONGEST_ID = 1024;

/** `generation_config` as it was sent; keys that mean nothing are left out. */
const configSchema = z.object(generateParameters, 'expected an object').partial();

export type GivenConfig = z.output<typeof configSchema>;

const requestId = (): z.ZodType<string> =>
  plainText()
    .refine((text) => text !== '', 'expected a string that is not empty')
    .refine((text) => text.length <= LONGEST_ID, `expected at most ${LONGEST_ID} characters`)
    .meta({ minLength: 1, maxLength: LONGEST_ID });

const promptSchema = z.object(
  {
    request_id: requestId().describe('Any text; with the others of a batch it names what can be continued.'),
    prompt: plainText()
      .refine((text) => text !== '', 'expected a string that is not empty')
      .meta({ minLength: 1 })
      .default(' ')
      .describe('Ignored where the ids name something that can be continued.'),
  },
  'expected an object',
);

/** What is not true or false counts as true. */
const lenientFlag = z
  .unknown()
  .optional()
  .transform((value) => value !== false);

const options = {
  only_new_tokens: lenientFlag.meta({
    description: 'Whether the answer leaves the prompt out. What is not true or false counts as true.',
    default: true,
  }),
  stream_response: lenientFlag.meta({
    description: 'Whether text is sent as it comes. What is not true or false counts as true.',
    default: true,
  }),
  generation_config: configSchema
    .nullish()
    .describe("How to decode; what is left out is the configuration's to say."),
};

/** Body of generate-one. */
export const oneSchema = z.object({ ...promptSchema.shape, ...options });
/** Body of generate-batch, and a message of the websocket. */
export const batchSchema = z.object({
  prompts: boundedArray(promptSchema, { least: 1, most: MAX_PROMPTS, of: 'prompt' }),
  ...options,
});

/** One text to be continued. */
export interface Prompt {
  readonly requestId: string;
  readonly text: string;
}

/** A request of this API, whatever route it came by: generate-one has a batch of one. */
export interface GenerateCall {
  readonly prompts: readonly Prompt[];
  /** Whether the answer leaves the prompt out. */
  readonly onlyNewTokens: boolean;
  /** Whether text is sent as it comes, where that can be. */
  readonly stream: boolean;
  /** Undefined if none was sent, or an empty one: a continuation keeps its own then. */
  readonly config: GivenConfig | undefined;
  /** Names of what was sent and means nothing. */
  readonly ignored: readonly string[];
}

/**
 * Reads the body of generate-one.
 *
 * @throws Refusal "Invalid Data Format"
 */
export function parseOne(body: JsonObject): GenerateCall {
  const parsed = parse(oneSchema, body);
  const { request_id, prompt, ...rest } = parsed;
  const unknown = unknownKeys(body, oneSchema.shape);
  return callOf([{ requestId: request_id, text: prompt }], rest, body, unknown);
}

/**
 * Reads the body of generate-batch, or a message of the websocket.
 *
 * @throws Refusal "Invalid Data Format"; "Duplicate request_ids"
 */
export function parseBatch(body: JsonObject): GenerateCall {
  const { prompts, ...rest } = parse(batchSchema, body);
  const ids = prompts.map((prompt) => prompt.request_id);
  if (new Set(ids).size < ids.length)
    throw new Refusal('Duplicate request_ids', 'prompts: expected request_ids that all differ');
  const items = body['prompts'] as JsonObject[];
  const unknown = [
    ...unknownKeys(body, batchSchema.shape),
    ...items.flatMap((item) => unknownKeys(item, promptSchema.shape).map((key) => `prompts.${key}`)),
  ];
  const texts = prompts.map(({ request_id, prompt }) => ({ requestId: request_id, text: prompt }));
  return callOf(texts, rest, body, [...new Set(unknown)]);
}

type Options = z.output<z.ZodObject<typeof options>>;

function callOf(
  prompts: readonly Prompt[],
  { only_new_tokens, stream_response, generation_config }: Options,
  body: JsonObject,
  unknown: readonly string[],
): GenerateCall {
  const sent = (body['generation_config'] ?? {}) as JsonObject;
  const config = generation_config ?? {};
  const ignored = [
    ...unknown,
    ...['only_new_tokens', 'stream_response'].filter((key) => isOdd(body[key])),
    ...unknownKeys(sent, configSchema.shape).map((key) => `generation_config.${key}`),
  ];
  const isEmpty = Object.keys(sent).length === 0;
  return {
    prompts,
    onlyNewTokens: only_new_tokens,
    stream: stream_response,
    config: isEmpty ? undefined : config,
    ignored,
  };
}

/** Neither absent nor a flag. */
function isOdd(value: unknown): boolean {
  return value !== undefined && typeof value !== 'boolean';
}

function parse<Schema extends z.ZodType>(schema: Schema, body: JsonObject): z.output<Schema> {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const { path, message } = firstProblem(result.error);
  throw new Refusal('Invalid Data Format', `${path.map(String).join('.')}: ${message}`);
}
