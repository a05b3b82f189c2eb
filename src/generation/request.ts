import { z } from 'zod';

import { GlossaError } from '../errors.js';

/** Largest seed: what a JavaScript number holds exactly, so that a seed reads the same in every API. */
export const MAX_SEED = Number.MAX_SAFE_INTEGER;
export const MAX_STOP_STRINGS = 64;
export const MAX_STOP_STRING_LENGTH = 1024;
/** Sequences that one request may ask for. The engine decodes as many at a time as it has room for. */
export const MAX_RETURN_SEQUENCES = 128;

const LARGEST_TOKEN_ID = 0x7fffffff;

/** Checked in one pass that ends at the first stranger: zod would make an issue of each of a million. */
const tokenIds = z.custom<readonly number[]>(
  (value) =>
    Array.isArray(value) && value.every((id) => Number.isInteger(id) && id >= 0 && id <= LARGEST_TOKEN_ID),
  'expected an array of token ids',
);

/** Text that has an exact UTF-8 form and that C strings survive: no lone surrogates, no NUL. */
const text = z
  .string()
  .refine((value) => value.isWellFormed(), 'must not contain lone surrogates')
  .refine((value) => !value.includes('\0'), 'must not contain NUL characters');

const stopString = text.refine((value) => value.length > 0, 'must not be empty').max(MAX_STOP_STRING_LENGTH);

/**
 * What one generation asks of the engine: Hugging Face `generate()`'s names, meanings and defaults
 * (transformers 5.x `GenerationConfig`), in camel case. It is the only description of these parameters:
 * types, defaults and range checks all come from it.
 */
export const generationRequestSchema = z.strictObject({
  /** Text, or token ids that are fed exactly as they are. Text gets the special tokens its tokenizer adds. */
  prompt: z.union([text, tokenIds]),
  /** New tokens at most, for each sequence. EOS counts. */
  maxNewTokens: z.int().min(1).max(0x7fffffff).default(20),
  /** false: greedy, ties to the lowest id. true: one multinomial draw a step. */
  doSample: z.boolean().default(false),
  /** Scores are divided by it; only with doSample. */
  temperature: z.number().min(1e-6).max(1e6).default(1),
  /** Keep the k highest scores, ties with the k-th included; 0 keeps all. Only with doSample. */
  topK: z.int().min(0).max(0x7fffffff).default(50),
  /** Keep a token if the mass ranked above it is less than p; 1 keeps all. Only with doSample. */
  topP: z.number().min(0).max(1).default(1),
  /** Scores of tokens already in the row are divided (if >= 0) or multiplied (if < 0) by it; 1 is off. */
  repetitionPenalty: z.number().min(1e-6).max(1e6).default(1),
  /** Makes sampling repeatable; drawn at random when absent. Sequence i uses the stream (seed, i). */
  seed: z.int().min(0).max(MAX_SEED).optional(),
  /** Independent sequences from one prompt, which is evaluated once. Greedy allows only 1. */
  numReturnSequences: z.int().min(1).max(MAX_RETURN_SEQUENCES).default(1),
  /** Ids that end a sequence. Absent: the model's own end-of-generation ids. []: none. */
  eosTokenId: tokenIds.refine((ids) => ids.length <= 64, 'expected at most 64 ids').optional(),
  /** Texts that end a sequence; they may span tokens and are not part of the output. */
  stopStrings: z.array(stopString).max(MAX_STOP_STRINGS).default([]),
  /** Wall-clock seconds from submission, queueing included, after which generation ends with what there is. */
  maxTime: z.number().positive().max(86_400).optional(),
});

/** As a dialect writes it: everything with a default may be absent. */
export type GenerationRequestInput = z.input<typeof generationRequestSchema>;
/** As the engine receives it: validated, every default filled in. */
export type GenerationRequest = z.output<typeof generationRequestSchema>;

/**
 * Checks a request and fills in its defaults.
 *
 * @throws GlossaError INVALID_REQUEST, naming the first parameter that is wrong
 */
export function parseGenerationRequest(input: GenerationRequestInput): GenerationRequest {
  const result = generationRequestSchema.safeParse(input);
  if (!result.success) {
    const [issue] = result.error.issues;
    const param = issue === undefined ? 'request' : issue.path.join('.') || 'request';
    throw new GlossaError('INVALID_REQUEST', `${param}: ${issue?.message ?? 'invalid'}`, { param });
  }
  const request = result.data;
  if (!request.doSample && request.numReturnSequences > 1) {
    throw new GlossaError(
      'INVALID_REQUEST',
      `numReturnSequences: greedy decoding gives one sequence, received ${request.numReturnSequences}; set doSample`,
      { param: 'numReturnSequences' },
    );
  }
  return request;
}
