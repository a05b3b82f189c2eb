import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { assertClose, dropped, halves, processed, surviving } from './decoding-rows.js';

const greedy = { doSample: false } as const;
const row12 = Array.from({ length: 12 }, (_, id) => id / 8 - 0.5);
const biases = (...given: [number[], number][]): [number[], number][] => given;
/** A row of `size` ids that are no id of interest. */
const filler = (size: number): number[] => Array<number>(size).fill(11);

describe('sequence bias', () => {
  test('comes before the repetition penalty', () => {
    const logits = [-1, 0, 2];
    const parameters = { ...greedy, sequenceBias: biases([[0], 3]), repetitionPenalty: 2 };
    assert.deepEqual(processed(logits, parameters, [0]), [1, 0, 2]);
  });

  test('applies to the last token of a sequence where the row ends with the others', () => {
    const parameters = { ...greedy, sequenceBias: biases([[3, 4, 5], 2]) };
    const changed = (ids: number[]): number =>
      (processed(row12, parameters, ids)[5] ?? NaN) - (row12[5] ?? NaN);
    assert.equal(changed([1, 3, 4]), 2);
    assert.equal(changed([1, 3, 4, 1]), 0);
    assert.equal(changed([4]), 0);
    // transformers <= 5.15 wanted a token more; 5.23 counts a match that is the whole row.
    assert.equal(changed([3, 4]), 2);
  });

  test('of several sequences add up, in float32 and before the score is touched', () => {
    const big = 2 ** 24;
    const sequenceBias = biases([[7, 2], 1], [[6, 7, 2], -big], [[2], big]);
    // (big + 1) rounds to big.
    assert.equal(processed(row12, { ...greedy, sequenceBias }, [6, 7])[2], row12[2]);
  });

  test('of a sequence given twice is the last', () => {
    const sequenceBias = biases([[2], 1], [[7, 3], 1], [[2], 5], [[7, 3], 4]);
    const scores = processed(row12, { ...greedy, sequenceBias }, [7]);
    assert.deepEqual([scores[2], scores[3]], [(row12[2] ?? NaN) + 5, (row12[3] ?? NaN) + 4]);
  });
});

describe('penalties', () => {
  const logits = [2, -2, 0, -Infinity, 4, -4];

  test("of the prompt's repetition divide where the other multiplies", () => {
    const parameters = { ...greedy, encoderRepetitionPenalty: 2 };
    assert.deepEqual(processed(logits, parameters, [0, 1, 2, 3, 4, 5], 4), [4, -1, 0, -Infinity, 4, -4]);
  });

  test('of presence and frequency count generated tokens', () => {
    const parameters = { ...greedy, presencePenalty: 1, frequencyPenalty: 0.5 };
    assert.deepEqual(processed(logits, parameters, [0, 0, 4, 1, 4, 4], 3), [2, -3.5, 0, -Infinity, 2, -4]);
  });

  test('of repetition come before those of presence', () => {
    const parameters = { ...greedy, repetitionPenalty: 2, presencePenalty: 1 };
    assert.deepEqual(processed([2, -2], parameters, [0, 1], 0), [0, -5]);
  });
});

describe('no repeated n-gram', () => {
  const banned = (noRepeatNgramSize: number, ids: number[], promptSize = ids.length): number[] =>
    dropped(processed(row12, { ...greedy, noRepeatNgramSize }, ids, promptSize));
  const bannedByPrompt = (encoderNoRepeatNgramSize: number, ids: number[], promptSize: number): number[] =>
    dropped(processed(row12, { ...greedy, encoderNoRepeatNgramSize }, ids, promptSize));

  for (const promptSize of [0, 1, 3, 5, 7]) {
    test(`with a prompt of ${promptSize}`, () => {
      assert.deepEqual(banned(1, [4, 2, 4], Math.min(promptSize, 3)), [2, 4]);
      assert.deepEqual(banned(2, [4, 2, 4, 3, 4, 5, 4], promptSize), [2, 3, 5]);
      assert.deepEqual(banned(3, [4, 2, 4, 2, 7, 4, 2], promptSize), [4, 7]);
      assert.deepEqual(banned(3, [4, 2, 4, 2, 7, 2, 4], promptSize), [2]);
    });
  }

  test('needs a row of n tokens, and its end does not ban itself', () => {
    assert.deepEqual(banned(2, [4]), []);
    assert.deepEqual(banned(2, [4, 4]), [4]);
    assert.deepEqual(banned(3, [4, 4]), []);
    assert.deepEqual(banned(3, [4, 4, 4]), [4]);
    assert.deepEqual(banned(3, [1, 2, 3]), []);
  });

  test('of the prompt: windows that end in it', () => {
    assert.deepEqual(bannedByPrompt(1, [4, 2, 5], 2), [2, 4]);
    assert.deepEqual(bannedByPrompt(2, [4, 2, 4, 3, 4], 3), [2]);
    assert.deepEqual(bannedByPrompt(2, [4, 2, 4, 3, 4], 4), [2, 3]);
    assert.deepEqual(bannedByPrompt(3, [4, 2, 7, 4, 2], 3), [7]);
    assert.deepEqual(bannedByPrompt(3, [4, 2, 7, 4, 2], 2), []);
    assert.deepEqual(bannedByPrompt(3, [2, 7, 1, 9, 2], 3), []);
  });
});

describe('bad words', () => {
  const banned = (badWordsIds: number[][], ids: number[], eosTokenId: number[] = [1]): number[] =>
    dropped(processed(row12, { ...greedy, badWordsIds, eosTokenId }, ids));

  test('of one token are banned always, but for EOS', () => {
    assert.deepEqual(banned([[5]], filler(3)), [5]);
    assert.deepEqual(banned([[1]], filler(3)), []);
    assert.deepEqual(banned([[1], [5]], filler(3), [1, 5]), []);
    assert.deepEqual(banned([[1]], filler(3), []), [1]);
  });

  test('of several tokens are banned at their last, EOS included', () => {
    const words = [
      [3, 4],
      [2, 3, 1],
      [9, 3, 8],
    ];
    assert.deepEqual(banned(words, [7, 2, 3]), [1, 4]);
    assert.deepEqual(banned(words, [2, 3]), [1, 4]);
    assert.deepEqual(banned(words, [3]), [4]);
    assert.deepEqual(banned(words, [3, 7]), []);
  });
});

describe('lengths', () => {
  const eosTokenId = [1, 5];

  test('no EOS before the row has minLength tokens', () => {
    const banned = (minLength: number, size: number): number[] =>
      dropped(processed(row12, { ...greedy, minLength, eosTokenId }, filler(size), 3));
    assert.deepEqual(banned(4, 3), [1, 5]);
    assert.deepEqual(banned(4, 4), []);
    assert.deepEqual(banned(3, 3), []);
    assert.deepEqual(dropped(processed(row12, { ...greedy, minLength: 9 }, filler(3))), []);
  });

  test('no EOS before minNewTokens were generated, which replaces minLength', () => {
    const banned = (minNewTokens: number, size: number, minLength = 0): number[] =>
      dropped(processed(row12, { ...greedy, minNewTokens, minLength, eosTokenId }, filler(size), 3));
    assert.deepEqual(banned(1, 3), [1, 5]);
    assert.deepEqual(banned(1, 4), []);
    assert.deepEqual(banned(2, 4), [1, 5]);
    assert.deepEqual(banned(1, 4, 9), []);
  });

  test('a forced EOS is the last token, whatever else forbids it but suppression', () => {
    const forced = { ...greedy, forcedEosTokenId: [1, 5], maxNewTokens: 4, eosTokenId };
    const scores = processed(row12, { ...forced, minNewTokens: 4, badWordsIds: [[5]] }, filler(6), 3);
    assert.deepEqual(surviving(scores), [1, 5]);
    assert.deepEqual([scores[1], scores[5]], [0, 0]);
    assert.deepEqual(processed(row12, forced, filler(5), 3), row12);
    assert.deepEqual(surviving(processed(row12, { ...forced, suppressTokens: [1] }, filler(6), 3)), [5]);
  });

  test('a forced BOS follows a row of one token', () => {
    const forced = { ...greedy, forcedBosTokenId: 7 };
    assert.deepEqual(surviving(processed(row12, forced, filler(1))), [7]);
    assert.deepEqual(processed(row12, forced, filler(2), 1), row12);
    assert.deepEqual(processed(row12, forced, filler(2)), row12);
  });

  for (const [name, logit, expected] of [
    ['positive', 2, [2, 3, 4.5]],
    ['negative', -2, [-2, -1, 0.5]],
    ['banned', -Infinity, [-Infinity, -Infinity, -Infinity]],
  ] as const) {
    test(`exponential decay raises a ${name} EOS from the token after its start`, () => {
      const logits = row12.with(1, logit);
      const after = (generated: number): number | undefined =>
        processed(
          logits,
          { ...greedy, exponentialDecayLengthPenalty: [2, 1.5], eosTokenId: [1] },
          filler(3 + generated),
          3,
        )[1];
      assert.deepEqual([after(2), after(3), after(4)], expected);
    });
  }
});

describe('suppressed tokens', () => {
  test('are dropped always, or at the beginning', () => {
    assert.deepEqual(dropped(processed(row12, { ...greedy, suppressTokens: [3, 0] }, filler(9), 3)), [0, 3]);
    const begin = (promptSize: number, size: number, forcedBosTokenId?: number): number[] =>
      dropped(
        processed(
          row12,
          {
            ...greedy,
            beginSuppressTokens: [2],
            ...(forcedBosTokenId === undefined ? {} : { forcedBosTokenId }),
          },
          filler(size),
          promptSize,
        ),
      );
    assert.deepEqual(begin(3, 3), [2]);
    assert.deepEqual(begin(3, 4), []);
    assert.deepEqual(begin(1, 1), [2]);
    assert.deepEqual(begin(1, 2, 7), [2]);
    assert.deepEqual(begin(1, 3, 7), []);
    assert.deepEqual(begin(2, 2, 7), [2]);
  });

  test('may be all: nothing is left, and nothing is NaN', () => {
    const all = { ...greedy, suppressTokens: [0, 1, 2, 3], renormalizeLogits: true };
    assert.deepEqual(surviving(processed(halves, all)), []);
  });
});

describe('whole rows', () => {
  test('invalid values become finite', () => {
    const logits = [NaN, Infinity, -Infinity, 1.5];
    const limit = 3.4028234663852886e38;
    assert.deepEqual(processed(logits, { ...greedy, removeInvalidValues: true }), [0, limit, -limit, 1.5]);
  });

  test('are renormalised without sampling, too', () => {
    const scores = processed([1, 2, -Infinity, 3], { ...greedy, renormalizeLogits: true });
    const total = Math.log(Math.exp(1) + Math.exp(2) + Math.exp(3));
    assertClose(scores, [1 - total, 2 - total, -Infinity, 3 - total]);
  });

  test('are log-probabilities before the first processor of beams', () => {
    const scores = processed([1, 2, 3], { ...greedy, numBeams: 2, repetitionPenalty: 2 }, [2]);
    const total = Math.log(Math.exp(1) + Math.exp(2) + Math.exp(3));
    assertClose(scores, [1 - total, 2 - total, 2 * (3 - total)]);
  });
});
