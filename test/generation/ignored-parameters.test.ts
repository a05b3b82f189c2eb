import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ignoredParameters } from '../../src/generation/ignored-parameters.js';
import {
  parseGenerationRequest,
  type GenerationDefaults,
  type GenerationRequestInput,
} from '../../src/generation/request.js';

type Given = Omit<GenerationRequestInput, 'prompt'>;

/** What is ignored of a request, as "param: reason". */
function ignored(
  given: Given,
  facts: { eosTokenIds?: readonly number[]; promptTokens?: number; defaults?: GenerationDefaults } = {},
): string[] {
  const { eosTokenIds = [0], promptTokens = 5, defaults = {} } = facts;
  const input = { prompt: 'a', ...given };
  const request = parseGenerationRequest(input, defaults);
  return ignoredParameters(input, {
    request,
    eosTokenIds: request.eosTokenId ?? eosTokenIds,
    promptTokens,
  }).map(({ param, reason }) => `${param}: ${reason}`);
}

const SAMPLING: Given = {
  temperature: 0.5,
  topH: 0.5,
  topK: 3,
  topP: 0.5,
  minP: 0.1,
  typicalP: 0.5,
  epsilonCutoff: 0.1,
  etaCutoff: 0.1,
  generator: 'torch',
  seed: 0,
};

test('what only sampling looks at, without doSample', () => {
  assert.deepEqual(
    ignored(SAMPLING),
    Object.keys(SAMPLING).map((name) => `${name}: has no effect without doSample`),
  );
  assert.deepEqual(ignored({ ...SAMPLING, numBeams: 2 }).length, Object.keys(SAMPLING).length);
  assert.deepEqual(ignored({ ...SAMPLING, doSample: true }), []);
});

test('what only beams look at, without beams', () => {
  assert.deepEqual(ignored({ earlyStopping: 'never', lengthPenalty: 2 }), [
    'earlyStopping: has no effect without numBeams above 1',
    'lengthPenalty: has no effect without numBeams above 1',
  ]);
  assert.deepEqual(ignored({ earlyStopping: true, lengthPenalty: 2, numBeams: 2 }), []);
});

test('the lesser of two lengths', () => {
  assert.deepEqual(ignored({ maxLength: 30, maxNewTokens: 3, minLength: 2, minNewTokens: 1 }), [
    'maxLength: has no effect beside maxNewTokens',
    'minLength: has no effect beside minNewTokens',
  ]);
  assert.deepEqual(ignored({ maxLength: 30, minLength: 2 }), []);
});

test('a least length without an end to wait for', () => {
  assert.deepEqual(ignored({ minLength: 2 }, { eosTokenIds: [] }), [
    'minLength: has no effect without an end-of-sequence id',
  ]);
  assert.deepEqual(ignored({ minNewTokens: 2, eosTokenId: [] }), [
    'minNewTokens: has no effect without an end-of-sequence id',
  ]);
});

test('a forced first token after a longer prompt', () => {
  assert.deepEqual(ignored({ forcedBosTokenId: 0 }), [
    'forcedBosTokenId: has no effect after a prompt of more than one token',
  ]);
  assert.deepEqual(ignored({ forcedBosTokenId: 0 }, { promptTokens: 1 }), []);
});

test('where stop strings may begin, without any', () => {
  assert.deepEqual(ignored({ stopStringsSpanPrompt: false }), [
    'stopStringsSpanPrompt: has no effect without stopStrings',
  ]);
  assert.deepEqual(ignored({ stopStringsSpanPrompt: false, stopStrings: ['x'] }), []);
});

test('bad words that end a sequence', () => {
  const message = 'badWordsIds: has no effect on an end-of-sequence id alone; use minNewTokens';
  assert.deepEqual(ignored({ badWordsIds: [[1], [0]] }), [message]);
  assert.deepEqual(ignored({ badWordsIds: [[1], [1, 0]] }), []);
});

test('never what asks for nothing, nor what the configuration says', () => {
  assert.deepEqual(ignored({ temperature: 1, topK: 50, lengthPenalty: 1, minLength: 0 }), []);
  assert.deepEqual(ignored({}, { defaults: { temperature: 0.5, lengthPenalty: 2, maxLength: 30 } }), []);
  assert.deepEqual(ignored({ temperature: 0.5 }, { defaults: { doSample: true } }), []);
});
