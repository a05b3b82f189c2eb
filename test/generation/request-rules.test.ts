import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { checkRules, type RequestFacts } from '../../src/generation/request-rules.js';
import {
  parseGenerationRequest,
  type GenerationRequest,
  type GenerationRequestInput,
  type ParameterName,
} from '../../src/generation/request.js';
import { hasCode } from '../engine/conformance.js';

type Given = Omit<GenerationRequestInput, 'prompt'> & { prompt?: GenerationRequestInput['prompt'] };

function assertRefused(check: () => void, param: ParameterName, message: string): void {
  assert.throws(check, (error: Error) => {
    assert.equal(error.message, `${param}: ${message}`);
    return hasCode('INVALID_REQUEST', param)(error);
  });
}

/** Combinations that are refused by what the request says, each with a neighbour that is in order. */
const BY_ITSELF: readonly [refused: Given, accepted: Given, param: ParameterName, message: string][] = [
  [
    { numReturnSequences: 2 },
    { numReturnSequences: 2, doSample: true },
    'numReturnSequences',
    'expected 1 in greedy decoding, received 2; set doSample or numBeams',
  ],
  [
    { numReturnSequences: 5, numBeams: 4 },
    { numReturnSequences: 4, numBeams: 4 },
    'numReturnSequences',
    'expected at most numBeams (4), received 5',
  ],
  [
    { numReturnSequences: 3, numBeams: 2, doSample: true },
    { numReturnSequences: 2, numBeams: 2, doSample: true },
    'numReturnSequences',
    'expected at most numBeams (2), received 3',
  ],
  [
    { minNewTokens: 11, maxNewTokens: 10 },
    { minNewTokens: 10, maxNewTokens: 10 },
    'minNewTokens',
    'expected at most 10 (maxNewTokens), received 11',
  ],
  [
    { minLength: 11, maxLength: 10 },
    { minLength: 10, maxLength: 10 },
    'minLength',
    'expected at most maxLength (10), received 11',
  ],
  [
    { minLength: 11, maxLength: 10 },
    { minLength: 11, maxLength: 10, minNewTokens: 1 },
    'minLength',
    'expected at most maxLength (10), received 11',
  ],
  [
    { exponentialDecayLengthPenalty: [1, 2], eosTokenId: [] },
    { exponentialDecayLengthPenalty: [1, 2], eosTokenId: 5 },
    'exponentialDecayLengthPenalty',
    'expected an end-of-sequence id to make likelier (eosTokenId), received none',
  ],
  [
    { forcedBosTokenId: 3, suppressTokens: [2, 3] },
    { forcedBosTokenId: 4, suppressTokens: [2, 3] },
    'forcedBosTokenId',
    'expected an id that is not in suppressTokens, received 3',
  ],
  [
    { forcedEosTokenId: [3, 2], suppressTokens: [2, 3] },
    { forcedEosTokenId: [3, 4], suppressTokens: [2, 3] },
    'forcedEosTokenId',
    'expected an id that is not in suppressTokens, received only such as are',
  ],
  [
    { doSample: true, numBeams: 4, topK: 7, eosTokenId: 1 },
    { doSample: true, numBeams: 4, topK: 8, eosTokenId: 1 },
    'topK',
    'expected 0 or at least 8 to sample with numBeams of 4 and 1 end-of-sequence ids, received 7',
  ],
  [
    { doSample: true, numBeams: 4, topK: 7, eosTokenId: [] },
    { doSample: false, numBeams: 4, topK: 7, eosTokenId: [] },
    'topK',
    'expected 0 or at least 8 to sample with numBeams of 4 and 0 end-of-sequence ids, received 7',
  ],
  [
    { doSample: true, numBeams: 64, eosTokenId: [1, 2, 3] },
    { doSample: true, numBeams: 64, eosTokenId: [1, 2, 3], topK: 0 },
    'topK',
    'expected 0 or at least 256 to sample with numBeams of 64 and 3 end-of-sequence ids, received 50',
  ],
];

describe('combinations that a request itself shows', () => {
  for (const [refused, accepted, param, message] of BY_ITSELF) {
    test(`${param}: ${message}`, () => {
      assertRefused(() => parseGenerationRequest({ prompt: 'a', ...refused }), param, message);
      parseGenerationRequest({ prompt: 'a', ...accepted });
    });
  }
});

/** A small model, and a prompt of five tokens of its. */
const FACTS: RequestFacts = { vocabularySize: 12, promptTokens: 5, eosTokenIds: [1], maxNewTokens: 20 };

function checkWithModel(request: GenerationRequest): void {
  checkRules(request, { ...FACTS, eosTokenIds: request.eosTokenId ?? FACTS.eosTokenIds });
}

const BY_MODEL: readonly [refused: Given, accepted: Given, param: ParameterName, message: string][] = [
  [{ prompt: [3, 12] }, { prompt: [3, 11] }, 'prompt', 'expected token ids below 12, received 12'],
  [{ eosTokenId: 12 }, { eosTokenId: 11 }, 'eosTokenId', 'expected token ids below 12, received 12'],
  [
    { forcedBosTokenId: 13 },
    { forcedBosTokenId: 0 },
    'forcedBosTokenId',
    'expected token ids below 12, received 13',
  ],
  [
    { forcedEosTokenId: [1, 14] },
    { forcedEosTokenId: [1, 2] },
    'forcedEosTokenId',
    'expected token ids below 12, received 14',
  ],
  [
    { suppressTokens: [15] },
    { suppressTokens: [11] },
    'suppressTokens',
    'expected token ids below 12, received 15',
  ],
  [
    { beginSuppressTokens: [16] },
    { beginSuppressTokens: [11] },
    'beginSuppressTokens',
    'expected token ids below 12, received 16',
  ],
  [
    {
      badWordsIds: [
        [1, 2],
        [3, 17],
      ],
    },
    {
      badWordsIds: [
        [1, 2],
        [3, 11],
      ],
    },
    'badWordsIds',
    'expected token ids below 12, received 17',
  ],
  [
    { sequenceBias: [[[18, 1], 20]] },
    { sequenceBias: [[[11, 1], 20]] },
    'sequenceBias',
    'expected token ids below 12, received 18',
  ],
  [
    { minNewTokens: 21 },
    { minNewTokens: 20 },
    'minNewTokens',
    'expected at most 20 (new tokens at most), received 21',
  ],
  [
    { minLength: 26 },
    { minLength: 25 },
    'minLength',
    'expected at most 25 (5 tokens of the prompt and 20 new ones), received 26',
  ],
  [
    { numBeams: 2, eosTokenId: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0] },
    { numBeams: 2, eosTokenId: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11] },
    'numBeams',
    'expected 1 with 12 end-of-sequence ids in a vocabulary of 12, received 2',
  ],
];

describe('combinations that the model shows', () => {
  for (const [refused, accepted, param, message] of BY_MODEL) {
    test(`${param}: ${message}`, () => {
      // Nothing of it is known before.
      const request = parseGenerationRequest({ prompt: 'a', ...refused });
      assertRefused(
        () => {
          checkWithModel(request);
        },
        param,
        message,
      );
      checkWithModel(parseGenerationRequest({ prompt: 'a', ...accepted }));
    });
  }

  test("the model's own end-of-sequence ids count where the request names none", () => {
    const decaying = parseGenerationRequest({ prompt: 'a', exponentialDecayLengthPenalty: [1, 2] });
    checkRules(decaying, FACTS);
    assertRefused(
      () => {
        checkRules(decaying, { ...FACTS, eosTokenIds: [] });
      },
      'exponentialDecayLengthPenalty',
      'expected an end-of-sequence id to make likelier (eosTokenId), received none',
    );
    const sampling = parseGenerationRequest({ prompt: 'a', doSample: true, numBeams: 2, topK: 5 });
    checkRules(sampling, FACTS);
    assertRefused(
      () => {
        checkRules(sampling, { ...FACTS, eosTokenIds: [1, 2] });
      },
      'topK',
      'expected 0 or at least 6 to sample with numBeams of 2 and 2 end-of-sequence ids, received 5',
    );
  });
});
