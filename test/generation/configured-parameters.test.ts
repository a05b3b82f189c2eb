import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { GlossaError } from '../../src/errors.js';
import { tellConfigured } from '../../src/generation/configured-parameters.js';
import {
  parseGenerationRequest,
  type GenerationDefaults,
  type GenerationRequestInput,
} from '../../src/generation/request.js';

type Given = Omit<GenerationRequestInput, 'prompt'>;

/** Each with what the configuration sets, what the client sends, and what it is told. */
const REFUSED: readonly [defaults: GenerationDefaults, given: Given, message: string][] = [
  [
    { numBeams: 4, numReturnSequences: 3 },
    { numBeams: 1 },
    'numReturnSequences: expected 1 in greedy decoding, received 3 (configured); set doSample or numBeams',
  ],
  [
    { minNewTokens: 10 },
    { maxNewTokens: 5 },
    'minNewTokens: expected at most 5 (maxNewTokens), received 10 (configured)',
  ],
  [
    { maxNewTokens: 5 },
    { minNewTokens: 10 },
    'minNewTokens: expected at most 5 (the configured maxNewTokens), received 10',
  ],
  [
    { numBeams: 2 },
    { numReturnSequences: 3 },
    'numReturnSequences: expected at most the configured numBeams (2), received 3',
  ],
  [
    { numBeams: 30, eosTokenId: [1] },
    { doSample: true },
    'topK: expected 0 or at least 60 to sample with the configured numBeams of 30 and 1 end-of-sequence ids, received 50',
  ],
  [
    { numReturnSequences: 3, numBeams: 4 },
    { numReturnSequences: 5, numBeams: 4 },
    'numReturnSequences: expected at most numBeams (4), received 5',
  ],
];

describe('a refusal for a configured value', () => {
  for (const [defaults, given, message] of REFUSED) {
    test(message, () => {
      assert.throws(() => parseGenerationRequest({ prompt: 'a', ...given }, defaults), { message });
    });
  }

  test('tells so even if it is a message without what was received', () => {
    const error = new GlossaError('INVALID_REQUEST', 'grammar: too many readings', { param: 'grammar' });
    const told = tellConfigured(error, { prompt: 'a' }, { grammar: 'root ::= "a"' });
    assert.equal(told.message, 'grammar: too many readings (configured)');
    assert.deepEqual([told.code, told.param], ['INVALID_REQUEST', 'grammar']);
  });

  test('is no other failure', () => {
    for (const error of [
      new GlossaError('CONTEXT_OVERFLOW', 'prompt: too long for numBeams', { param: 'prompt' }),
      new GlossaError('INVALID_REQUEST', 'no parameter is to blame for numBeams'),
      new GlossaError('INVALID_REQUEST', 'topP: expected less, received 3', { param: 'topP' }),
    ])
      assert.equal(tellConfigured(error, { prompt: 'a', topP: 3 }, { numBeams: 2 }).message, error.message);
  });
});
