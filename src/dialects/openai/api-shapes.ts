import type { z } from 'zod';

import type { Convert, JsonSchema } from '../../json-forms.js';
import {
  FLAG,
  INTEGER,
  json,
  listOf,
  NUMBER,
  oneOf,
  orNull,
  record,
  TEXT,
  type ApiSchema,
} from '../../server/api-operation.js';
import { WITHOUT_EFFECT } from './body.js';

/** A body that holds the schema's fields, those without effect, and no others. */
export function closedBody(schema: z.ZodObject): ApiSchema {
  return (convert: Convert): JsonSchema => {
    const { properties, ...others } = convert(schema);
    const vain = Object.entries(WITHOUT_EFFECT).map(
      ([name, reason]) => [name, { description: `Has no effect: ${reason}.` }] as const,
    );
    return {
      ...others,
      properties: { ...Object.fromEntries(vain), ...(properties as JsonSchema) },
      additionalProperties: false,
    };
  };
}

export const ERROR = json(
  'An error.',
  record({ error: record({ message: TEXT, type: TEXT, param: orNull(TEXT), code: orNull(TEXT) }) }),
);

export const USAGE = record({
  ...{ prompt_tokens: INTEGER, completion_tokens: INTEGER, total_tokens: INTEGER },
  prompt_tokens_details: record({ cached_tokens: INTEGER }),
  'completion_tokens_details?': record({ discarded_tokens: INTEGER }),
});

const LEGACY_LOGPROBS = record({
  tokens: listOf(TEXT),
  token_logprobs: listOf(orNull(NUMBER)),
  top_logprobs: orNull(listOf(orNull({ type: 'object', additionalProperties: NUMBER }))),
  text_offset: listOf(INTEGER),
});

/** A text completion, and a chunk of one. */
export const COMPLETION = record({
  ...{ id: TEXT, object: oneOf('text_completion'), created: INTEGER, model: TEXT },
  'system_fingerprint?': TEXT,
  choices: listOf(
    record({
      ...{ index: INTEGER, text: TEXT, logprobs: orNull(LEGACY_LOGPROBS) },
      finish_reason: orNull(oneOf('stop', 'length')),
    }),
  ),
  'usage?': orNull(USAGE),
});

export const EMBEDDINGS = record({
  ...{ object: oneOf('list'), model: TEXT },
  data: listOf(
    record({ object: oneOf('embedding'), index: INTEGER, embedding: { anyOf: [listOf(NUMBER), TEXT] } }),
  ),
  usage: record({ prompt_tokens: INTEGER, total_tokens: INTEGER }),
});

const MODEL_KEYS = { id: TEXT, object: oneOf('model'), created: INTEGER, owned_by: TEXT };
export const MODELS = record({ object: oneOf('list'), data: listOf(record(MODEL_KEYS)) });
export const MODEL = record({
  ...{ ...MODEL_KEYS, aliases: listOf(TEXT), base: orNull(TEXT), state: TEXT },
  lora: listOf(record({ file: TEXT, scale: NUMBER })),
  ...{ context_length: orNull(INTEGER), vocabulary_size: orNull(INTEGER) },
  capabilities: { type: 'object', additionalProperties: orNull(FLAG) },
});
