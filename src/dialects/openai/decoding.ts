import { z } from 'zod';

import { ignoredParameters, type RunningRequest } from '../../generation/ignored-parameters.js';
import {
  generationRequestSchema,
  type GenerationDefaults,
  type GenerationRequestInput,
} from '../../generation/request.js';
import { flag, integer, LARGEST_INT32, number } from '../../generation/request-values.js';
import { nameOf } from './errors.js';
import { logitBias, optional, stopTexts } from './values.js';

const { shape } = generationRequestSchema;
/** Python clients write None for what they leave out, and -1 for "all". */
const topK = integer({ least: -1, most: LARGEST_INT32 }).transform((value) => Math.max(0, value));
const seed = integer({ least: -Number.MAX_SAFE_INTEGER, most: Number.MAX_SAFE_INTEGER });

/** What completions, chats and responses are decoded with: OpenAI's fields, then Hugging Face's. Nothing is filled in. */
export const decodingFields = {
  temperature: optional(number({ least: 0, most: 2 })).describe('0 takes the likeliest text; default 1.'),
  top_p: optional(number({ least: 0, most: 1 })).describe(
    'Keeps a token if the mass ranked above it is less; default 1, which keeps all.',
  ),
  presence_penalty: optional(number({ least: -2, most: 2 })).describe(
    'Subtracted from the score of every token generated so far; default 0.',
  ),
  frequency_penalty: optional(number({ least: -2, most: 2 })).describe(
    "Subtracted from a token's score as often as it was generated; default 0.",
  ),
  logit_bias: optional(logitBias()).describe('Token ids, and what is added to their scores.'),
  seed: optional(seed).describe('Makes drawing repeatable; drawn at random when absent.'),
  stop: stopTexts().describe('Texts that end a text and are not part of it.'),
  top_k: optional(topK).describe('Keeps the k likeliest tokens; 0 and -1 keep all, as does the default.'),
  min_p: optional(z.unknown().pipe(shape.minP.unwrap())).describe(
    'Keeps a token if it is at least so likely, compared with the likeliest.',
  ),
  typical_p: optional(z.unknown().pipe(shape.typicalP.unwrap())).describe(
    'Keeps the most typical tokens up to this mass; 1 keeps all.',
  ),
  repetition_penalty: optional(z.unknown().pipe(shape.repetitionPenalty.unwrap())).describe(
    'Makes tokens that came before less likely; 1 is off.',
  ),
  no_repeat_ngram_size: optional(z.unknown().pipe(shape.noRepeatNgramSize.unwrap())).describe(
    'No run of so many tokens comes twice; 0 is off.',
  ),
  num_beams: optional(z.unknown().pipe(shape.numBeams.unwrap())).describe(
    'More than 1: beam search; with a temperature above 0 given, beam sampling.',
  ),
  length_penalty: optional(z.unknown().pipe(shape.lengthPenalty.unwrap())).describe(
    "Exponent of the length by which a beam's score is divided.",
  ),
  early_stopping: optional(z.unknown().pipe(shape.earlyStopping.unwrap())).describe(
    'When a beam search ends before every beam has.',
  ),
  min_tokens: optional(z.unknown().pipe(shape.minNewTokens.unwrap())).describe(
    'New tokens before the text may end; 0 is off.',
  ),
  ignore_eos: optional(flag()).describe('Whether a text goes on after its own end.'),
};

/** The decoding fields of a checked body. */
export type DecodingFields = z.output<z.ZodObject<typeof decodingFields>>;

/** What this API takes where neither a request nor the configuration says anything: OpenAI's defaults. */
const DEFAULTS = { temperature: 1, topK: 0, topP: 1 } as const;

/** How many texts are wanted, and what for each of them is generated. */
export interface Decoding {
  readonly parameters: Omit<GenerationRequestInput, 'prompt' | 'maxNewTokens'>;
  /** Choices that each generated text stands for: the likeliest text is the same however often it is asked for. */
  readonly copies: number;
}

/**
 * What a body's fields ask the engine for.
 *
 * @param wanted texts that the engine is to give: n, or best_of
 * @param defaults what the configuration sets for the model; goes before this API's defaults
 */
export function decodingOf(fields: DecodingFields, wanted: number, defaults: GenerationDefaults): Decoding {
  const numBeams = fields.num_beams ?? defaults.numBeams ?? 1;
  const doSample = samples(fields, numBeams, defaults);
  const copies = !doSample && numBeams === 1 ? wanted : 1;
  return {
    copies,
    parameters: {
      ...unless(defaults, doSample ? DEFAULTS : {}),
      ...given({
        temperature: fields.temperature === 0 ? undefined : fields.temperature,
        topP: fields.top_p,
        topK: fields.top_k,
        minP: fields.min_p,
        typicalP: fields.typical_p,
        seed: fields.seed === undefined || fields.seed >= 0 ? fields.seed : fields.seed + 2 ** 53,
        presencePenalty: fields.presence_penalty,
        frequencyPenalty: fields.frequency_penalty,
        repetitionPenalty: fields.repetition_penalty,
        noRepeatNgramSize: fields.no_repeat_ngram_size,
        numBeams: fields.num_beams,
        lengthPenalty: fields.length_penalty,
        earlyStopping: fields.early_stopping,
        minNewTokens: fields.min_tokens,
        eosTokenId: fields.ignore_eos === true ? [] : undefined,
        stopStrings: fields.stop,
        sequenceBias:
          fields.logit_bias === undefined
            ? undefined
            : [...fields.logit_bias].map(([id, bias]): [number[], number] => [[id], bias]),
      }),
      doSample,
      numReturnSequences: wanted / copies,
      // A stop string belongs to the answer; the prompt may be full of it.
      stopStringsSpanPrompt: false,
    },
  };
}

/** A temperature decides; else the configuration; else texts are drawn, but beams search for the likeliest. */
function samples({ temperature }: DecodingFields, numBeams: number, defaults: GenerationDefaults): boolean {
  if (temperature !== undefined) return temperature > 0;
  return defaults.doSample ?? numBeams === 1;
}

/** Values that the configuration does not set. */
function unless<T extends object>(defaults: GenerationDefaults, values: T): Partial<T> {
  const entries = Object.entries(values).filter(
    ([name]) => defaults[name as keyof GenerationDefaults] === undefined,
  );
  return Object.fromEntries(entries) as Partial<T>;
}

function given<T extends object>(values: T): Partial<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<T>;
}

/** Names of the fields that were set in vain: top_p beside a temperature of 0. */
export function namesInVain(
  fields: DecodingFields,
  running: RunningRequest,
  input: GenerationRequestInput,
): string[] {
  const asked: Readonly<Record<string, unknown>> = fields;
  return ignoredParameters(input, running)
    .map(({ param }) => nameOf(param))
    .filter((name) => asked[name] !== undefined);
}
