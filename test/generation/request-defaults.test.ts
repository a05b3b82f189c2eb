import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { mergeParameters } from '../../src/generation/request-defaults.js';
import { parseGenerationRequest } from '../../src/generation/request.js';

describe('what a request leaves out', () => {
  test("is transformers' default", () => {
    assert.deepEqual(parseGenerationRequest({ prompt: 'a' }), {
      prompt: 'a',
      minLength: 0,
      minNewTokens: 0,
      doSample: false,
      numBeams: 1,
      earlyStopping: false,
      lengthPenalty: 1,
      sequenceBias: [],
      encoderRepetitionPenalty: 1,
      repetitionPenalty: 1,
      presencePenalty: 0,
      frequencyPenalty: 0,
      noRepeatNgramSize: 0,
      encoderNoRepeatNgramSize: 0,
      badWordsIds: [],
      forcedEosTokenId: [],
      removeInvalidValues: false,
      suppressTokens: [],
      beginSuppressTokens: [],
      temperature: 1,
      topK: 50,
      topP: 1,
      typicalP: 1,
      epsilonCutoff: 0,
      etaCutoff: 0,
      renormalizeLogits: false,
      generator: 'philox',
      numReturnSequences: 1,
      stopStrings: [],
      stopStringsSpanPrompt: true,
    });
  });

  test('is what the configuration says, if it says something', () => {
    const defaults = { topK: 7, temperature: 0.5, eosTokenId: [3], seed: 4 };
    const request = parseGenerationRequest({ prompt: 'a', topK: 9, doSample: true }, defaults);
    assert.deepEqual(
      [request.topK, request.temperature, request.eosTokenId, request.seed, request.topP],
      [9, 0.5, [3], 4, 1],
    );
  });

  test('may be undefined as well', () => {
    const request = parseGenerationRequest({ prompt: 'a', topK: undefined, topP: undefined }, { topK: 7 });
    assert.deepEqual([request.topK, request.topP], [7, 1]);
  });

  test('combines with what it says, and the whole is checked', () => {
    assert.throws(() => parseGenerationRequest({ prompt: 'a', numBeams: 2 }, { numReturnSequences: 3 }), {
      message: 'numReturnSequences: expected at most numBeams (2), received 3 (configured)',
    });
  });
});

describe('layers of parameters', () => {
  test('go before those below', () => {
    const merged = mergeParameters({ topK: 1 }, { topK: 2, topP: 0.2 }, { topP: 0.3, minP: 0.3 });
    assert.deepEqual(merged, { topK: 1, topP: 0.2, minP: 0.3 });
  });

  test('say all about a pair of lengths when they say something', () => {
    assert.deepEqual(mergeParameters({ maxLength: 9 }, { maxNewTokens: 5 }), { maxLength: 9 });
    assert.deepEqual(mergeParameters({ maxNewTokens: 5 }, { maxLength: 9 }), { maxNewTokens: 5 });
    assert.deepEqual(mergeParameters({ minLength: 9 }, { minNewTokens: 5, maxLength: 20 }), {
      maxLength: 20,
      minLength: 9,
    });
    assert.deepEqual(mergeParameters({}, { minLength: 9, minNewTokens: 5 }), {
      minLength: 9,
      minNewTokens: 5,
    });
    assert.deepEqual(mergeParameters({ maxLength: undefined }, { maxNewTokens: 5 }), { maxNewTokens: 5 });
  });

  test('have no use for a decay below them where nothing ends a sequence', () => {
    const defaults = { exponentialDecayLengthPenalty: [5, 1.5] as const, topK: 3 };
    assert.deepEqual(mergeParameters({ eosTokenId: [] }, defaults), { eosTokenId: [], topK: 3 });
    assert.deepEqual(mergeParameters({ eosTokenId: [1] }, defaults), { eosTokenId: [1], ...defaults });
  });

  test('a minNewTokens switches minLength off, even 0', () => {
    for (const minNewTokens of [0, 3])
      assert.equal(parseGenerationRequest({ prompt: 'a', minLength: 9, minNewTokens }).minLength, 0);
    assert.equal(parseGenerationRequest({ prompt: 'a', minLength: 9 }).minLength, 9);
  });
});
