import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import type { DecodingParameters } from '../../src/engine/native-engine.js';
import { loadAddon } from '../../src/engine/addon.js';
import type { TableHypothesis } from '../../src/engine/addon-parts.js';
import { defaults } from './reference.js';
import { hashTable } from './table-engine.js';

const addon = loadAddon();
const beams = { ...defaults, doSample: false, numBeams: 2 } satisfies DecodingParameters;

/** The table of the decoding specification with 12 tokens; `bias` is added to the columns of EOS ids. */
function table(seed: number, bias: number, eos: readonly number[]): Float32Array {
  return hashTable(12, seed).map((logit, index) => (eos.includes(index % 12) ? logit + bias : logit));
}

function search(
  logits: Float32Array,
  parameters: Partial<DecodingParameters>,
  options: { stopTokens?: readonly number[]; steps?: number; prompt?: readonly number[] } = {},
): TableHypothesis[] {
  const { stopTokens = [], steps = 1000, prompt = [2, 7, 4] } = options;
  return addon.searchTable(logits, prompt, { ...beams, ...parameters }, { stopTokens, steps });
}

/** What a hypothesis is to be: its ids, and its score to four places. */
function assertFound(
  found: readonly TableHypothesis[],
  ids: readonly number[][],
  scores: readonly number[],
): void {
  assert.deepEqual(
    found.map(({ tokens }) => tokens),
    ids,
  );
  for (const [index, { score }] of found.entries())
    assert.ok(Math.abs(score - (scores[index] ?? NaN)) < 6e-5, `score ${score} of hypothesis ${index}`);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => Math.fround(total + value), 0);
}

/** Vectors 19 to 25 of the decoding specification, as transformers 5.23 answers them. */
describe('beam search is that of transformers', () => {
  const vectors: {
    readonly about: string;
    readonly logits: Float32Array;
    readonly parameters: Partial<DecodingParameters>;
    readonly ids: number[][];
    readonly scores: number[];
  }[] = [
    {
      about: 'the length counts EOS and no prompt; the present length bounds what running beams can reach',
      logits: table(2, 2, [1]),
      parameters: { eosTokenId: [1], numBeams: 3, lengthPenalty: 2, maxNewTokens: 6 },
      ids: [
        [5, 10, 1],
        [5, 10, 11, 1],
        [5, 6, 1],
      ],
      scores: [-0.262, -0.2807, -0.3001],
    },
    {
      about: 'two EOS ids need three candidates a beam; "never" looks to the longest length',
      logits: table(2, 2, [1, 5]),
      parameters: { eosTokenId: [1, 5], earlyStopping: 'never', lengthPenalty: 2, maxNewTokens: 6 },
      ids: [[5], [11, 8, 7, 10, 11, 1]],
      scores: [-0.263, -0.3358],
    },
    {
      about: 'EOS of a rank beyond numBeams is dropped',
      logits: table(2, 2, [1]),
      parameters: { eosTokenId: [1], earlyStopping: true, lengthPenalty: 2, maxNewTokens: 6 },
      ids: [
        [5, 10, 1],
        [5, 6, 1],
      ],
      scores: [-0.262, -0.3001],
    },
    {
      about: 'at the last step all candidates end and compete',
      logits: table(4, 2, [1]),
      parameters: { eosTokenId: [1], earlyStopping: true, maxNewTokens: 3 },
      ids: [
        [0, 1],
        [6, 6, 6],
      ],
      scores: [-0.7325, -1.0212],
    },
    {
      about: 'the best running beam, not the best candidate, decides whether to go on',
      logits: table(5, 2, [1]),
      parameters: { eosTokenId: [1], maxNewTokens: 8 },
      ids: [
        [9, 1],
        [11, 1],
      ],
      scores: [-0.9495, -0.981],
    },
    {
      about: 'without EOS all beams end together',
      logits: table(2, 0, []),
      parameters: { numBeams: 3, maxNewTokens: 5 },
      ids: [
        [5, 6, 1, 6, 1],
        [5, 10, 1, 6, 1],
        [5, 6, 1, 8, 11],
      ],
      scores: [-0.816, -0.8383, -0.895],
    },
    {
      about: 'processors change log-probabilities, which are not normalised again',
      logits: table(4, 2, [1]),
      parameters: { eosTokenId: [1], numBeams: 3, maxNewTokens: 6, repetitionPenalty: 1.5 },
      ids: [
        [0, 1],
        [6, 3, 0, 1],
        [6, 1],
      ],
      scores: [-0.7325, -1.0725, -1.163],
    },
    {
      about: "sampling with torch's draws",
      logits: table(2, 2, [1]),
      parameters: {
        ...{ doSample: true, generator: 'torch', seed: 7, temperature: 1.5 },
        ...{ eosTokenId: [1], numBeams: 3, maxNewTokens: 6 },
      },
      ids: [[1], [5, 10, 1], [5, 6, 1]],
      scores: [-0.37915, -0.5241, -0.60015],
    },
    {
      about: "sampling with torch's draws, no length penalty",
      logits: table(4, 0, []),
      parameters: {
        ...{ doSample: true, generator: 'torch', seed: 11 },
        ...{ earlyStopping: 'never', lengthPenalty: 0, maxNewTokens: 6 },
      },
      ids: [
        [6, 6, 6, 6, 6, 6],
        [6, 6, 3, 7, 8, 9],
      ],
      scores: [-4.74764, -5.54588],
    },
  ];
  for (const { about, logits, parameters, ids, scores } of vectors) {
    test(about, () => {
      assertFound(search(logits, parameters), ids, scores);
    });
  }

  test('whatever the length of the prompt', () => {
    const parameters = { eosTokenId: [1], numBeams: 3, lengthPenalty: 2, maxNewTokens: 6 };
    const short = search(table(2, 2, [1]), parameters, { prompt: [4] });
    assert.deepEqual(search(table(2, 2, [1]), parameters, { prompt: [0, 3, 6, 9, 8, 2, 7, 4] }), short);
  });
});

describe('a search wide enough to keep everything', () => {
  const logits = hashTable(4, 3);

  /** Every continuation of at most three tokens, with its log-probability. */
  function* continuations(last: number, length: number): Generator<{ tokens: number[]; score: number }> {
    const row = [...logits.subarray(last * 4, last * 4 + 4)];
    const logSum = Math.log(row.reduce((total, logit) => total + Math.exp(logit), 0));
    for (const [token, logit] of row.entries()) {
      const score = logit - logSum;
      if (token === 1 || length === 1) yield { tokens: [token], score };
      else
        for (const rest of continuations(token, length - 1))
          yield { tokens: [token, ...rest.tokens], score: score + rest.score };
    }
  }

  for (const doSample of [false, true]) {
    test(`finds every continuation and ranks them${doSample ? ', sampling too' : ''}`, () => {
      const parameters: Partial<DecodingParameters> = { doSample, earlyStopping: 'never', lengthPenalty: 0 };
      const found = search(
        logits,
        { ...parameters, numBeams: 64, maxNewTokens: 3, eosTokenId: [1] },
        { prompt: [1] },
      );
      const expected = [...continuations(1, 3)].sort((a, b) => b.score - a.score);
      assert.equal(expected.length, 40);
      assertFound(
        found,
        expected.map(({ tokens }) => tokens),
        expected.map(({ score }) => score),
      );
    });
  }
});

describe('the end of a search', () => {
  const logits = table(2, 2, [1]);

  test('a stop string ends a beam as EOS does, and has its own reason', () => {
    const parameters = { numBeams: 3, lengthPenalty: 2, maxNewTokens: 6 };
    const ended = search(logits, { ...parameters, eosTokenId: [1] });
    // Without EOS there are as many candidates as with one.
    const stopped = search(logits, parameters, { stopTokens: [1] });
    assert.deepEqual(
      stopped,
      ended.map((hypothesis) => ({ ...hypothesis, reason: 'stop' })),
    );
    assert.ok(ended.every(({ reason }) => reason === 'eos'));
  });

  test('EOS at the greatest length is the reason, not the length', () => {
    const found = search(logits, { eosTokenId: [1], maxNewTokens: 1, numBeams: 5 });
    assert.equal(found.length, 5);
    for (const { tokens, reason } of found) assert.equal(reason, tokens[0] === 1 ? 'eos' : 'length');
    assert.ok(found.some(({ reason }) => reason === 'eos'));
  });

  test('so is a stop string', () => {
    const found = search(logits, { maxNewTokens: 1, numBeams: 5 }, { stopTokens: [1, 5] });
    for (const { tokens, reason } of found)
      assert.equal(reason, [1, 5].includes(tokens[0] ?? -1) ? 'stop' : 'length');
    assert.equal(new Set(found.map(({ reason }) => reason)).size, 2);
  });

  test('comes when every candidate has ended', () => {
    const found = search(logits, { numBeams: 2 }, { stopTokens: Array.from({ length: 12 }, (_, id) => id) });
    assert.deepEqual(
      found.map(({ tokens, reason }) => [tokens.length, reason]),
      [
        [1, 'stop'],
        [1, 'stop'],
      ],
    );
  });

  test('before its time makes hypotheses of running beams at the length they have', () => {
    const parameters = { numBeams: 3, lengthPenalty: 2, maxNewTokens: 20 };
    const found = search(logits, parameters, { steps: 4 });
    assert.equal(found.length, 3);
    for (const { tokens, logprobs, score, reason } of found) {
      assert.equal(tokens.length, 4);
      assert.equal(reason, 'deadline');
      assert.equal(score, Math.fround(sum(logprobs) / 16));
    }
    assert.deepEqual(search(logits, parameters, { steps: 0 }), []);
    assert.deepEqual(
      found.map(({ tokens, score }) => [tokens, score]),
      search(logits, { ...parameters, maxNewTokens: 4 }).map(({ tokens, score }) => [tokens, score]),
      'as if that had been the greatest length',
    );
  });

  test('keeps the better ones among those that had ended and those that run', () => {
    const found = search(
      logits,
      { numBeams: 4, eosTokenId: [1], maxNewTokens: 9, lengthPenalty: 0 },
      { steps: 2 },
    );
    assert.equal(found.length, 4);
    assert.deepEqual(new Set(found.map(({ reason }) => reason)), new Set(['eos', 'deadline']));
    assert.deepEqual(
      found.map(({ score }) => score),
      found.map(({ score }) => score).toSorted((a, b) => b - a),
    );
  });
});

describe('with fewer continuations than beams', () => {
  const none = -Infinity;

  test('only those that exist run and are returned', () => {
    // 0 goes to 1 or 2, 1 to 0 only, 2 to 2 only.
    const logits = Float32Array.from([none, 1, 0, 0, none, none, none, none, 0]);
    for (const doSample of [false, true]) {
      const found = search(logits, { doSample, numBeams: 3, maxNewTokens: 3 }, { prompt: [0] });
      assert.deepEqual(new Set(found.map(({ tokens }) => tokens.join(''))), new Set(['101', '102', '222']));
      assert.ok(found.every(({ score }) => Number.isFinite(score)));
    }
  });

  test('none at all gives no hypothesis', () => {
    assert.deepEqual(search(new Float32Array(4).fill(none), {}, { prompt: [0] }), []);
  });
});

describe('candidates', () => {
  /** Deterministic log-probabilities; `steps` makes ties. */
  function rowsOf(count: number, seed: number, steps: number): Float32Array {
    const rows = new Float32Array(count);
    for (let i = 0; i < count; i += 1) {
      const [word = 0] = addon.philox([i, 0, 0, 0], [seed, 0]);
      rows[i] = -Math.floor((word / 2 ** 32) * steps) / (steps / 16);
    }
    return rows;
  }

  function ranked(rows: Float32Array, scores: Float32Array, numBeams: number, order: number[]): number[] {
    return addon.rankCandidates(rows, scores, { ...beams, numBeams }, { steps: 1, order })[0] ?? [];
  }

  /** A full sort of float32 totals; ties to the lower index. */
  function sorted(rows: Float32Array, scores: Float32Array, count: number): number[] {
    const width = rows.length / scores.length;
    const totals = rows.map((score, index) => score + (scores[Math.floor(index / width)] ?? 0));
    return [...totals.keys()]
      .filter((index) => (totals[index] ?? 0) > -1e8)
      .sort((a, b) => (totals[b] ?? 0) - (totals[a] ?? 0) || a - b)
      .slice(0, count);
  }

  for (const steps of [1, 20, 1e6]) {
    test(`are the best of all beams, with ${steps} different scores`, () => {
      for (const [seed, width] of [3, 12, 64, 1000, 3333].entries()) {
        const scores = Float32Array.from([-1.25, -3.5, -1.3]);
        const rows = rowsOf(3 * width, seed, steps);
        rows[5] = -Infinity;
        for (const numBeams of [3, 4, 64]) {
          const expected = sorted(rows, scores, 2 * numBeams);
          assert.deepEqual(ranked(rows, scores, numBeams, [0, 1, 2]), expected);
          assert.deepEqual(ranked(rows, scores, numBeams, [2, 0, 1]), expected);
        }
      }
    });
  }

  test('are the best of rows in order', () => {
    const ascending = rowsOf(5000, 1, 1e6).sort();
    for (const row of [ascending, ascending.toReversed()])
      assert.deepEqual(ranked(row, new Float32Array(1), 8, [0]), sorted(row, new Float32Array(1), 16));
  });

  test('whose totals are equal only once rounded go by the lower id', () => {
    const row = new Float32Array(500).fill(-20);
    row[400] = -1;
    row[300] = Math.fround(-1 - 2 ** -20);
    // At 4096 a float32 can't tell them apart.
    assert.deepEqual(ranked(row, Float32Array.from([-4096]), 2, [0]).slice(0, 2), [300, 400]);
  });
});
