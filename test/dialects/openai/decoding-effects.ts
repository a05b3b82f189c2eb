/** What conversations are decoded with, whichever route they come by. */
import type { GenerationRequest } from '../../../src/generation/request.js';

/** A body's fields, and what they ask of the engine. */
export type Effect = readonly [body: object, asked: Partial<GenerationRequest>];

/** What the decoding fields ask of the engine. Types of the values are the test of bad input's. */
export const DECODING_EFFECTS: readonly Effect[] = [
  [{ temperature: 0.5 }, { temperature: 0.5, doSample: true }],
  [{ temperature: 0 }, { doSample: false, numBeams: 1 }],
  [{ top_p: 0.5 }, { topP: 0.5 }],
  [{ presence_penalty: -1.5 }, { presencePenalty: -1.5 }],
  [{ frequency_penalty: 1.5 }, { frequencyPenalty: 1.5 }],
  [
    { logit_bias: { 7: -100, 8: 5.5 } },
    {
      sequenceBias: [
        [[7], -100],
        [[8], 5.5],
      ],
    },
  ],
  [{ seed: 5 }, { seed: 5 }],
  [{ stop: 'x' }, { stopStrings: ['x'] }],
  [{ stop: ['x', 'y'] }, { stopStrings: ['x', 'y'] }],
  [{ top_k: 5 }, { topK: 5 }],
  [{ min_p: 0.1 }, { minP: 0.1 }],
  [{ typical_p: 0.9 }, { typicalP: 0.9 }],
  [{ repetition_penalty: 1.1 }, { repetitionPenalty: 1.1 }],
  [{ no_repeat_ngram_size: 3 }, { noRepeatNgramSize: 3 }],
  [{ num_beams: 3 }, { numBeams: 3, doSample: false }],
  [{ num_beams: 3, length_penalty: 2 }, { lengthPenalty: 2 }],
  [{ num_beams: 3, early_stopping: true }, { earlyStopping: true }],
  [{ min_tokens: 2 }, { minNewTokens: 2 }],
  [{ ignore_eos: true }, { eosTokenId: [] }],
  [{ grammar: 'root ::= "a"' }, { grammar: 'root ::= "a"' }],
];

/** What is asked of the engine where a body says nothing: OpenAI's defaults. */
export const DEFAULTS: Partial<GenerationRequest> = {
  doSample: true,
  temperature: 1,
  topP: 1,
  topK: 0,
  presencePenalty: 0,
  frequencyPenalty: 0,
  sequenceBias: [],
  stopStrings: [],
  stopStringsSpanPrompt: false,
  repetitionPenalty: 1,
  noRepeatNgramSize: 0,
  typicalP: 1,
  numBeams: 1,
  minNewTokens: 0,
  numReturnSequences: 1,
  // The last token needs no place: 256 of the context and one, without the prompt's 3.
  maxNewTokens: 254,
};

/** What an object says of the keys of another. */
export function part<T extends object>(whole: T, of: Partial<T>): Partial<T> {
  return Object.fromEntries(Object.keys(of).map((key) => [key, whole[key as keyof T]])) as Partial<T>;
}
