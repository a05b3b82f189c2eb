import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import type { NativeRequest } from '../../src/engine/native-engine.js';
import { nativeRequest } from '../../src/engine/native-request.js';
import { parseGenerationRequest, type GenerationRequestInput } from '../../src/generation/request.js';
import { FAKE_INFO, PLAIN_TERMS } from '../fakes/engine.js';
import { hasCode } from './conformance.js';

const INFO = { ...FAKE_INFO, contextSize: 30, vocabularySize: 12, eosTokenIds: [1], startTokenId: 3 };

/** What a request becomes for a model of 12 tokens, whose text has a token for each character. */
async function prepare(
  input: GenerationRequestInput,
  info: Partial<typeof INFO> = {},
  tokenized: string[] = [],
): Promise<NativeRequest> {
  const submission = { ...parseGenerationRequest(input), seed: 5, ...PLAIN_TERMS, adapterSet: 2 };
  return await nativeRequest(9, submission, {
    info: { ...INFO, ...info },
    tokenize: (text) => {
      tokenized.push(text);
      return Promise.resolve(Array.from({ length: text.length }, (_, index) => index));
    },
  });
}

describe('a request for the scheduler', () => {
  test('holds every parameter, its prompt as ids and nothing left to choose', async () => {
    const parameters = {
      doSample: true,
      numBeams: 2,
      earlyStopping: 'never',
      lengthPenalty: -1,
      minLength: 6,
      sequenceBias: [[[2, 3], 0.5]],
      encoderRepetitionPenalty: 1.1,
      repetitionPenalty: 1.2,
      presencePenalty: 0.3,
      frequencyPenalty: 0.4,
      noRepeatNgramSize: 2,
      encoderNoRepeatNgramSize: 3,
      badWordsIds: [[4]],
      forcedBosTokenId: 5,
      removeInvalidValues: true,
      exponentialDecayLengthPenalty: [6, 1.5],
      suppressTokens: [7],
      beginSuppressTokens: [8],
      grammar: 'root ::= "a"',
      temperature: 0.9,
      topH: 0.8,
      topK: 11,
      topP: 0.7,
      minP: 0.1,
      typicalP: 0.6,
      epsilonCutoff: 0.01,
      etaCutoff: 0.02,
      renormalizeLogits: true,
      generator: 'torch',
      numReturnSequences: 2,
      stopStrings: ['x'],
      stopStringsSpanPrompt: false,
    } as const;
    const request = await prepare({
      prompt: 'abcde',
      maxLength: 12,
      eosTokenId: [1, 2],
      forcedEosTokenId: 9,
      ...parameters,
    });
    assert.deepEqual(request, {
      ...parameters,
      id: 9,
      prompt: [0, 1, 2, 3, 4],
      maxNewTokens: 7,
      minNewTokens: 0,
      eosTokenId: [1, 2],
      forcedEosTokenId: [9],
      seed: 5,
      ...PLAIN_TERMS,
      adapterSet: 2,
    });
  });

  test('ends with the model where it does not say itself', async () => {
    const { eosTokenId, maxNewTokens } = await prepare({ prompt: 'abc' });
    assert.deepEqual([eosTokenId, maxNewTokens], [[1], 20]);
    assert.deepEqual((await prepare({ prompt: 'abc', eosTokenId: [] })).eosTokenId, []);
    assert.equal((await prepare({ prompt: [...Array(25).keys()].map(() => 1) })).maxNewTokens, 5);
  });

  test('begins with the start token where its prompt is empty', async () => {
    assert.deepEqual((await prepare({ prompt: '' })).prompt, [3]);
    await assert.rejects(prepare({ prompt: [] }, { startTokenId: null as unknown as number }), {
      message: 'prompt: empty, and this model has no start token',
    });
  });
});

describe('a prompt that is only scored', () => {
  const scored = { promptLogprobs: 2, maxNewTokens: 0 };

  test('may fill the context, and no more than that', async () => {
    const { prompt, maxNewTokens, promptLogprobs, logprobs } = await prepare({
      ...scored,
      prompt: 'a'.repeat(12),
      logprobs: 3,
    });
    assert.deepEqual([prompt.length, maxNewTokens, promptLogprobs, logprobs], [12, 0, 2, 3]);
    const full = Array<number>(30).fill(1);
    assert.equal((await prepare({ ...scored, prompt: full })).prompt.length, 30);
    await assert.rejects(prepare({ ...scored, prompt: [...full, 1] }), {
      message: 'prompt: 31 tokens and 0 new ones exceed the context of 30 tokens',
    });
  });

  test('is what 0 new tokens are for', async () => {
    await assert.rejects(prepare({ prompt: 'abc', maxNewTokens: 0, logprobs: 1 }), {
      message: 'maxNewTokens: expected at least 1 without promptLogprobs, received 0',
    });
  });
});

describe('a prompt that cannot fit', () => {
  test('is refused before it is tokenized, with the tokens it has at least', async () => {
    const info = { longestTokenBytes: 4 };
    const tokenized: string[] = [];
    await assert.rejects(prepare({ prompt: '€'.repeat(41) }, info, tokenized), (error: Error) => {
      assert.equal(error.message, 'prompt: at least 31 tokens exceed the context of 30 tokens');
      return hasCode('CONTEXT_OVERFLOW', 'prompt')(error);
    });
    assert.deepEqual(tokenized, []);
  });

  test('is tokenized if it might, or if bytes do not tell', async () => {
    const tokenized: string[] = [];
    const most = '€'.repeat(40);
    await assert.rejects(
      prepare({ prompt: most, maxNewTokens: 1 }, { longestTokenBytes: 4 }, tokenized),
      /^GlossaError: prompt: 40 tokens and 1 new ones exceed/,
    );
    const long = 'a'.repeat(1000);
    await assert.rejects(
      prepare({ prompt: long, maxNewTokens: 1 }, {}, tokenized),
      hasCode('CONTEXT_OVERFLOW', 'prompt'),
    );
    assert.deepEqual(tokenized, [most, long]);
  });
});

describe('what only the model can refuse', () => {
  const cases: readonly [GenerationRequestInput, string, string, 'CONTEXT_OVERFLOW' | 'INVALID_REQUEST'][] = [
    [
      { prompt: 'abcde', maxLength: 5 },
      'maxLength',
      'maxLength: expected more than the 5 tokens of the prompt, received 5',
      'INVALID_REQUEST',
    ],
    [{ prompt: [12] }, 'prompt', 'prompt: expected token ids below 12, received 12', 'INVALID_REQUEST'],
    [
      { prompt: 'abcde', badWordsIds: [[99]] },
      'badWordsIds',
      'badWordsIds: expected token ids below 12, received 99',
      'INVALID_REQUEST',
    ],
    [
      { prompt: 'abcde', minLength: 40, maxNewTokens: 5 },
      'minLength',
      'minLength: expected at most 10 (5 tokens of the prompt and 5 new ones), received 40',
      'INVALID_REQUEST',
    ],
    [
      { prompt: 'abcde', numBeams: 3, doSample: true, topK: 5 },
      'topK',
      'topK: expected 0 or at least 6 to sample with numBeams of 3 and 1 end-of-sequence ids, received 5',
      'INVALID_REQUEST',
    ],
    [
      { prompt: 'abcde', maxNewTokens: 27 },
      'prompt',
      'prompt: 5 tokens and 27 new ones exceed the context of 30 tokens',
      'CONTEXT_OVERFLOW',
    ],
  ];
  for (const [input, param, message, code] of cases) {
    test(message, async () => {
      await assert.rejects(prepare(input), (error: Error) => {
        assert.equal(error.message, message);
        return hasCode(code, param)(error);
      });
    });
  }
});
