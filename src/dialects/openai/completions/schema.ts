import { z } from 'zod';

import { generationRequestSchema } from '../../../generation/request.js';
import { text } from '../../../generation/request-compounds.js';
import { flag, integer, LARGEST_INT32 } from '../../../generation/request-values.js';
import { decodingFields } from '../decoding.js';
import { streamOptions } from '../stream-options.js';
import { optional } from '../values.js';
import { prompts } from './prompts.js';

/** Texts that are generated for one prompt at most. */
const MOST_CHOICES = 128;
/** Likeliest tokens at a place, as in OpenAI's API. */
const MOST_LOGPROBS = 5;

/** The body of `POST /v1/completions`. */
export const completionSchema = z.object({
  model: optional(text('the id of a model')).describe('Id or alias; absent: the default model.'),
  prompt: prompts().describe('Text, token ids, or several of either; absent: the empty text.'),
  suffix: optional(text()).describe('What follows the gap that is filled; for models with tokens for it.'),
  max_tokens: optional(integer({ least: 0, most: LARGEST_INT32 })).describe(
    'Default 16; 0 with echo scores the prompt.',
  ),
  n: optional(integer({ least: 1, most: MOST_CHOICES })).describe('Choices for each prompt; default 1.'),
  best_of: optional(integer({ least: 1, most: MOST_CHOICES })).describe(
    'Texts that are generated, of which the n likeliest are given; default n.',
  ),
  stream: optional(flag()).describe('Whether the answer comes in chunks; default false.'),
  stream_options: optional(streamOptions()).describe('What a stream tells besides its text.'),
  logprobs: optional(integer({ least: 0, most: MOST_LOGPROBS })).describe(
    "Tells the model's own log-probability of every token, and of so many of the likeliest.",
  ),
  echo: optional(flag()).describe('Whether the text begins with the prompt.'),
  ...decodingFields,
  grammar: optional(z.unknown().pipe(generationRequestSchema.shape.grammar.unwrap())).describe(
    'GBNF that the new text obeys.',
  ),
});

/** A checked body. */
export type CompletionBody = z.output<typeof completionSchema>;
