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
  /** Absent: the default model. */
  model: optional(text('the id of a model')),
  prompt: prompts(),
  /** What follows the gap that is filled; for models with tokens for it. */
  suffix: optional(text()),
  /** Default 16; 0 with echo scores the prompt. */
  max_tokens: optional(integer({ least: 0, most: LARGEST_INT32 })),
  n: optional(integer({ least: 1, most: MOST_CHOICES })),
  /** Texts that are generated, of which the n likeliest are given; default n. */
  best_of: optional(integer({ least: 1, most: MOST_CHOICES })),
  stream: optional(flag()),
  stream_options: optional(streamOptions()),
  logprobs: optional(integer({ least: 0, most: MOST_LOGPROBS })),
  /** Whether the text begins with the prompt. */
  echo: optional(flag()),
  ...decodingFields,
  grammar: optional(z.unknown().pipe(generationRequestSchema.shape.grammar.unwrap())),
});

/** A checked body. */
export type CompletionBody = z.output<typeof completionSchema>;
