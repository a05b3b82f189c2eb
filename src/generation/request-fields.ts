import { z } from 'zod';

import {
  decay,
  grammar,
  idSequences,
  oneOrMoreIds,
  prompt,
  sequenceBiases,
  texts,
  tokenIds,
} from './request-compounds.js';
import { choice, cutoff, flag, integer, LARGEST_INT32, number, positive } from './request-values.js';

/** Largest seed: what a JavaScript number holds exactly, so that a seed reads the same in every API. */
const MAX_SEED = Number.MAX_SAFE_INTEGER;
const MAX_STOP_STRINGS = 64;
const MAX_STOP_STRING_LENGTH = 1024;
/** Sequences that one request may ask for. The engine decodes as many at a time as it has room for. */
const MAX_RETURN_SEQUENCES = 128;
/** Beams of one search at most. */
const MAX_BEAMS = 64;
/** Longest sequence of ids that is forbidden or gets a bias. */
const MAX_SEQUENCE_IDS = 64;
const MAX_EOS_IDS = 64;
/** Likeliest tokens that are told of at a place at most. */
const MAX_LOGPROBS = 20;

/** A new schema each time: descriptions belong to one. */
const tokenCount = (): z.ZodInt => integer({ least: 0, most: LARGEST_INT32 });
const penaltyFactor = (): z.ZodNumber => number({ least: 1e-6, most: 1e6 });
const scoreChange = { least: -1e6, most: 1e6 };

/** All parameters but the prompt. */
const parameters = z.strictObject({
  maxNewTokens: tokenCount().describe(
    'New tokens at most, for each sequence. EOS counts. Goes before maxLength. 0: only with promptLogprobs.',
  ),
  maxLength: integer({ least: 1, most: LARGEST_INT32 }).describe(
    'Tokens of the whole row, prompt included, at most.',
  ),
  minLength: tokenCount().describe(
    'Tokens of the whole row, prompt included, before EOS may come; 0 is off.',
  ),
  minNewTokens: tokenCount().describe('New tokens before EOS may come; 0 is off. Goes before minLength.'),
  doSample: flag().describe('false: the likeliest continuation. true: random draws.'),
  numBeams: integer({ least: 1, most: MAX_BEAMS }).describe(
    '1: greedy or sampling. More: beam search, or beam sampling with doSample.',
  ),
  earlyStopping: choice([false, true, 'never']).describe(
    'When a beam search ends before every beam has; only with numBeams > 1.',
  ),
  lengthPenalty: number({ least: -100, most: 100 }).describe(
    "Exponent of the length by which a finished beam's score is divided; only with numBeams > 1.",
  ),
  sequenceBias: sequenceBiases({ most: 65_536, longest: MAX_SEQUENCE_IDS, bias: scoreChange }).describe(
    "Added to the score of a sequence's last id where the row ends with the ids before it.",
  ),
  encoderRepetitionPenalty: penaltyFactor().describe(
    "repetitionPenalty's inverse on the prompt's ids; 1 is off.",
  ),
  repetitionPenalty: penaltyFactor().describe(
    'Scores of tokens already in the row are divided (if >= 0) or multiplied (if < 0) by it; 1 is off.',
  ),
  presencePenalty: number(scoreChange).describe(
    "OpenAI's: subtracted from the score of every id generated so far; 0 is off.",
  ),
  frequencyPenalty: number(scoreChange).describe(
    "OpenAI's: subtracted from an id's score as often as it was generated; 0 is off.",
  ),
  noRepeatNgramSize: tokenCount().describe('No run of so many ids comes twice in a row; 0 is off.'),
  encoderNoRepeatNgramSize: tokenCount().describe(
    'No run of so many ids of the prompt comes again; 0 is off.',
  ),
  badWordsIds: idSequences({ most: 4096, longest: MAX_SEQUENCE_IDS }).describe(
    'Sequences of ids that must not be generated.',
  ),
  forcedBosTokenId: tokenCount().describe('The first id, if the prompt has one id only.'),
  forcedEosTokenId: oneOrMoreIds({ most: MAX_EOS_IDS }).describe(
    'Ids of which one comes last where the greatest length is reached; []: none.',
  ),
  removeInvalidValues: flag().describe('NaN becomes 0 and infinite scores become finite ones.'),
  exponentialDecayLengthPenalty: decay({ most: 1e6 }).describe(
    '[start, factor]: after `start` new tokens EOS becomes likelier with each.',
  ),
  suppressTokens: tokenIds({ most: 65_536 }).describe('Ids that never come.'),
  beginSuppressTokens: tokenIds({ most: 65_536 }).describe('Ids that do not come first.'),
  grammar: grammar().describe('GBNF grammar that the new text obeys.'),
  temperature: number({ least: 1e-6, most: 1e6 }).describe('Scores are divided by it; only with doSample.'),
  topH: positive({ most: 1 }).describe(
    'Keep the likeliest of 100 ids as long as they hold at most this share of the entropy; only with doSample.',
  ),
  topK: tokenCount().describe(
    'Keep the k highest scores, ties with the k-th included; 0 keeps all. Only with doSample.',
  ),
  topP: number({ least: 0, most: 1 }).describe(
    'Keep a token if the mass ranked above it is less than p; 1 keeps all. Only with doSample.',
  ),
  minP: number({ least: 0, most: 1 }).describe(
    'Keep a token if it is at least so likely, compared with the likeliest. Only with doSample.',
  ),
  typicalP: positive({ most: 1 }).describe(
    'Keep the most typical tokens up to this mass; 1 keeps all. Only with doSample.',
  ),
  epsilonCutoff: cutoff().describe(
    'Keep a token if it is at least so likely; 0 keeps all. Only with doSample.',
  ),
  etaCutoff: cutoff().describe('epsilonCutoff that adapts to the entropy; 0 keeps all. Only with doSample.'),
  renormalizeLogits: flag().describe('Processed scores are normalised again, last of all.'),
  generator: choice(['philox', 'torch']).describe(
    "Where random numbers come from: Glossa's own generator, or torch's on the CPU after manual_seed(seed).",
  ),
  seed: integer({ least: 0, most: MAX_SEED }).describe(
    'Makes sampling repeatable; drawn at random when absent. Sequence i uses the stream (seed, i).',
  ),
  numReturnSequences: integer({ least: 1, most: MAX_RETURN_SEQUENCES }).describe(
    'Sequences from one prompt, which is evaluated once: samples, or the best of numBeams. Greedy allows only 1.',
  ),
  eosTokenId: oneOrMoreIds({ most: MAX_EOS_IDS }).describe(
    "Ids that end a sequence. Absent: the model's own end-of-generation ids. []: none.",
  ),
  stopStrings: texts({ most: MAX_STOP_STRINGS, longest: MAX_STOP_STRING_LENGTH }).describe(
    'Texts that end a sequence; they may span tokens and are not part of the output.',
  ),
  stopStringsSpanPrompt: flag().describe(
    'Whether a stop string may begin in the prompt, as in transformers.',
  ),
  logprobs: integer({ least: 0, most: MAX_LOGPROBS }).describe(
    "Tells the model's own log-probability of every new token, and of so many of the likeliest; absent: none.",
  ),
  promptLogprobs: integer({ least: 0, most: MAX_LOGPROBS }).describe(
    "The same for the prompt's tokens, of which none then comes from kept prefixes.",
  ),
  maxTime: positive({ most: 86_400 }).describe(
    'Wall-clock seconds from submission, queueing included, after which generation ends with what there is.',
  ),
});

/**
 * Any of a request's parameters but its prompt, none filled in: what a request may leave out, and what a
 * configuration may set for requests that do.
 */
export const generationParametersSchema = parameters.partial();

/**
 * What one generation asks of the engine: Hugging Face `generate()`'s names and meanings (transformers 5.x
 * `GenerationConfig`), in camel case. Types and range checks all come from it. Nothing is filled in: defaults are
 * `GENERATION_DEFAULTS`.
 */
export const generationRequestSchema = generationParametersSchema.extend({
  prompt: prompt().describe(
    'Text, or token ids that are fed exactly as they are. Text gets the special tokens its tokenizer adds.',
  ),
});

/** As a dialect writes it: everything but the prompt may be absent. */
export type GenerationRequestInput = z.input<typeof generationRequestSchema>;
/** Parameters after their check; what was absent still is. */
export type GivenParameters = z.output<typeof generationParametersSchema>;
export type ParameterName = keyof GenerationRequestInput;
