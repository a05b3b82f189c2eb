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

/** Beams of one search at most. */
export const MAX_BEAMS = 64;

const ids = (most: number): z.ZodType<readonly number[]> =>
  tokenIds.refine((value) => value.length <= most, `expected at most ${most} ids`);
const tokenCount = z.int().min(0).max(0x7fffffff);
const penaltyFactor = z.number().min(1e-6).max(1e6);
const sequences = z.array(ids(64).refine((value) => value.length > 0, 'must not be empty')).max(4096);

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
  /** Tokens of the whole row, prompt included, before EOS may come; 0 is off. */
  minLength: tokenCount.default(0),
  /** New tokens before EOS may come; 0 is off. */
  minNewTokens: tokenCount.default(0),
  /** false: the likeliest continuation. true: random draws. */
  doSample: z.boolean().default(false),
  /** 1: greedy or sampling. More: beam search, or beam sampling with doSample. */
  numBeams: z.int().min(1).max(MAX_BEAMS).default(1),
  /** When a beam search ends before every beam has; only with numBeams > 1. */
  earlyStopping: z.union([z.boolean(), z.literal('never')]).default(false),
  /** Exponent of the length by which a finished beam's score is divided; only with numBeams > 1. */
  lengthPenalty: z.number().min(-100).max(100).default(1),
  /** Added to the score of a sequence's last id where the row ends with the ids before it. */
  sequenceBias: z
    .array(
      z.tuple([
        ids(64).refine((value) => value.length > 0, 'must not be empty'),
        z.number().min(-1e6).max(1e6),
      ]),
    )
    .max(65_536)
    .default([]),
  /** repetitionPenalty's inverse on the prompt's ids; 1 is off. */
  encoderRepetitionPenalty: penaltyFactor.default(1),
  /** Scores of tokens already in the row are divided (if >= 0) or multiplied (if < 0) by it; 1 is off. */
  repetitionPenalty: penaltyFactor.default(1),
  /** OpenAI's: subtracted from the score of every id generated so far; 0 is off. */
  presencePenalty: z.number().min(-1e6).max(1e6).default(0),
  /** OpenAI's: subtracted from an id's score as often as it was generated; 0 is off. */
  frequencyPenalty: z.number().min(-1e6).max(1e6).default(0),
  /** No run of so many ids comes twice in a row; 0 is off. */
  noRepeatNgramSize: tokenCount.default(0),
  /** No run of so many ids of the prompt comes again; 0 is off. */
  encoderNoRepeatNgramSize: tokenCount.default(0),
  /** Sequences of ids that must not be generated. */
  badWordsIds: sequences.default([]),
  /** The first id, if the prompt has one id only. */
  forcedBosTokenId: z.int().min(0).max(LARGEST_TOKEN_ID).optional(),
  /** Ids of which one comes last where maxNewTokens are reached; []: none. */
  forcedEosTokenId: ids(64).default([]),
  /** NaN becomes 0 and infinite scores become finite ones. */
  removeInvalidValues: z.boolean().default(false),
  /** [start, factor]: after `start` new tokens EOS becomes likelier with each. */
  exponentialDecayLengthPenalty: z.tuple([tokenCount, z.number().positive().max(1e6)]).optional(),
  /** Ids that never come. */
  suppressTokens: ids(65_536).default([]),
  /** Ids that do not come first. */
  beginSuppressTokens: ids(65_536).default([]),
  /** GBNF grammar that the new text obeys. */
  grammar: text.optional(),
  /** Scores are divided by it; only with doSample. */
  temperature: z.number().min(1e-6).max(1e6).default(1),
  /** Keep the likeliest of 100 ids as long as they hold at most this share of the entropy; only with doSample. */
  topH: z.number().positive().max(1).optional(),
  /** Keep the k highest scores, ties with the k-th included; 0 keeps all. Only with doSample. */
  topK: z.int().min(0).max(0x7fffffff).default(50),
  /** Keep a token if the mass ranked above it is less than p; 1 keeps all. Only with doSample. */
  topP: z.number().min(0).max(1).default(1),
  /** Keep a token if it is at least so likely, compared with the likeliest. Only with doSample. */
  minP: z.number().min(0).max(1).optional(),
  /** Keep the most typical tokens up to this mass; 1 keeps all. Only with doSample. */
  typicalP: z.number().positive().max(1).default(1),
  /** Keep a token if it is at least so likely; 0 keeps all. Only with doSample. */
  epsilonCutoff: z.number().min(0).lt(1).default(0),
  /** epsilonCutoff that adapts to the entropy; 0 keeps all. Only with doSample. */
  etaCutoff: z.number().min(0).lt(1).default(0),
  /** Processed scores are normalised again, last of all. */
  renormalizeLogits: z.boolean().default(false),
  /** Where random numbers come from: Glossa's own generator, or torch's on the CPU after manual_seed(seed). */
  generator: z.enum(['philox', 'torch']).default('philox'),
  /** Makes sampling repeatable; drawn at random when absent. Sequence i uses the stream (seed, i). */
  seed: z.int().min(0).max(MAX_SEED).optional(),
  /** Sequences from one prompt, which is evaluated once: samples, or the best of numBeams. Greedy allows only 1. */
  numReturnSequences: z.int().min(1).max(MAX_RETURN_SEQUENCES).default(1),
  /** Ids that end a sequence. Absent: the model's own end-of-generation ids. []: none. */
  eosTokenId: ids(64).optional(),
  /** Texts that end a sequence; they may span tokens and are not part of the output. */
  stopStrings: z.array(stopString).max(MAX_STOP_STRINGS).default([]),
  /** Whether a stop string may begin in the prompt, as in transformers. */
  stopStringsSpanPrompt: z.boolean().default(true),
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
  if (!request.doSample && request.numBeams === 1 && request.numReturnSequences > 1) {
    throw new GlossaError(
      'INVALID_REQUEST',
      `numReturnSequences: greedy decoding gives one sequence, received ${request.numReturnSequences}; set doSample or numBeams`,
      { param: 'numReturnSequences' },
    );
  }
  return request;
}
