import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import type { DecodingParameters } from '../../src/engine/native-engine.js';
import { loadAddon } from '../../src/engine/addon.js';
import { halves, processed, randomLogits, surviving } from './decoding-rows.js';
import { defaults, process as reference, softmax } from './reference.js';

const addon = loadAddon();

describe('repetition penalty', () => {
  test('multiplies negative scores and divides others, once for each distinct id', () => {
    const logits = [2, -2, 0, -Infinity, 4, -4];
    assert.deepEqual(processed(logits, { doSample: false, repetitionPenalty: 2 }, [0, 1, 2, 3, 0, 1]), [
      1,
      -4,
      0,
      -Infinity,
      4,
      -4,
    ]);
    assert.deepEqual(processed(logits, { doSample: false, repetitionPenalty: 0.5 }, [0, 1, 2, 3]), [
      4,
      -1,
      0,
      -Infinity,
      4,
      -4,
    ]);
  });
});

describe('temperature', () => {
  test('divides in float32', () => {
    const logits = randomLogits(1000, 8, 1);
    const temperature = 0.7;
    assert.deepEqual(
      processed(logits, { temperature }),
      logits.map((logit) => Math.fround(logit / Math.fround(temperature))),
    );
  });

  test('is not applied without sampling', () => {
    assert.deepEqual(
      processed([1, 2, 3], { doSample: false, temperature: 2, topK: 1, topP: 0.1 }),
      [1, 2, 3],
    );
  });
});

describe('top k', () => {
  const tied = [5, 3, 3, 3, 1, 0];
  for (const [topK, kept] of [
    [1, [0]],
    [2, [0, 1, 2, 3]],
    [3, [0, 1, 2, 3]],
    [4, [0, 1, 2, 3]],
    [5, [0, 1, 2, 3, 4]],
    [6, [0, 1, 2, 3, 4, 5]],
    [17, [0, 1, 2, 3, 4, 5]],
    [0, [0, 1, 2, 3, 4, 5]],
  ] as const) {
    test(`${topK} keeps all ties with the k-th`, () => {
      assert.deepEqual(surviving(processed(tied, { topK })), kept);
    });
  }

  test('the default, 50, keeps 50 of 100', () => {
    assert.equal(surviving(processed(randomLogits(100, 3, 2), { topK: 50 })).length, 50);
  });
});

describe('top p', () => {
  for (const [topP, count] of [
    [0, 1],
    [0.01, 1],
    [0.49, 1],
    [0.51, 2],
    [0.74, 2],
    [0.76, 3],
    [0.89, 3],
    [0.91, 4],
    [0.999, 4],
    [1, 4],
  ] as const) {
    test(`${topP} keeps ${count} of probabilities 0.5, 0.25, 0.15, 0.1`, () => {
      assert.deepEqual(surviving(processed(halves, { topP })), [0, 1, 2, 3].slice(0, count));
    });
  }

  for (const [topP, kept] of [
    [0.25, [3]],
    [0.5, [2, 3]],
    [0.51, [1, 2, 3]],
  ] as const) {
    test(`${topP} of four equal tokens keeps the ${kept.length} highest ids`, () => {
      assert.deepEqual(surviving(processed([1, 1, 1, 1], { topP })), kept);
    });
  }

  test('renormalises over what top k left', () => {
    assert.deepEqual(surviving(processed(halves, { topK: 2, topP: 0.6 })), [0]);
    assert.deepEqual(surviving(processed(halves, { topK: 2, topP: 0.7 })), [0, 1]);
  });
});

describe('random rows', () => {
  const settings: Partial<DecodingParameters>[] = [
    { topK: 50 },
    { topK: 3 },
    { topK: 700 },
    { topP: 0.92 },
    { topP: 0.3 },
    { topP: 0.999 },
    { temperature: 0.7, topK: 40, topP: 0.9 },
    { temperature: 2, topK: 900, topP: 0.95, repetitionPenalty: 1.3 },
    { temperature: 0.5, topP: 0.8, repetitionPenalty: 0.8 },
  ];
  const rows = [
    ...[0.01, 0.5, 3, 30, 300].map((spread) => ({ name: `of spread ${spread}`, spread, outlier: false })),
    { name: 'with one far outlier', spread: 0.01, outlier: true },
  ];
  for (const { name, spread, outlier } of rows) {
    test(`${name}: every setting equals the reference, masks and values`, () => {
      let compared = 0;
      for (let seed = 0; seed < 6; seed += 1) {
        const logits = randomLogits(3000, spread, seed);
        if (outlier) logits[17] = -1e6;
        const history = [1, 2, 3, 500, 501, 2999];
        for (const parameters of settings) {
          const expected = reference(logits, history, { ...defaults, ...parameters });
          assert.deepEqual(processed(logits, parameters, history), expected, JSON.stringify(parameters));
          compared += 1;
        }
      }
      assert.equal(compared, 54);
    });
  }

  test('a row of equal scores', () => {
    const equal = Array<number>(5000).fill(1.5);
    assert.equal(surviving(processed(equal, { topK: 10 })).length, 5000);
    assert.deepEqual(
      surviving(processed(equal, { topP: 0.5 })),
      Array.from({ length: 2500 }, (_, index) => 2500 + index),
    );
  });

  test('a row that was dropped but for one token', () => {
    const row = Array<number>(5000).fill(-Infinity);
    row[4321] = -7;
    for (const parameters of [{ topK: 10 }, { topP: 0.5 }, { topK: 10, topP: 0.5 }]) {
      assert.deepEqual(surviving(processed(row, parameters)), [4321]);
    }
  });
});

describe('greedy', () => {
  function greedy(logits: readonly number[]): number | undefined {
    return addon.chooseTokens(Float32Array.from(logits), [], { ...defaults, doSample: false }, 1)[0];
  }

  test('is the argmax, ties to the lowest id', () => {
    assert.equal(greedy([1, 3, 2, 3]), 1);
    assert.equal(greedy([0, 0, 0]), 0);
    assert.equal(greedy([-Infinity, -Infinity]), 0);
    for (let seed = 0; seed < 20; seed += 1) {
      const logits = randomLogits(2000, 4, seed);
      assert.equal(greedy(logits), logits.indexOf(Math.max(...logits)));
    }
  });
});

describe('random numbers', () => {
  // Known answers published with Random123 (Salmon et al. 2011).
  test('are Philox4x32-10', () => {
    assert.deepEqual(addon.philox([0, 0, 0, 0], [0, 0]), [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]);
    const ones = 0xffffffff;
    assert.deepEqual(
      addon.philox([ones, ones, ones, ones], [ones, ones]),
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    );
    assert.deepEqual(
      addon.philox([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0]),
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    );
  });

  test('depend on the seed only', () => {
    const logits = Float32Array.from(randomLogits(500, 2, 3));
    const draw = (seed: number): Int32Array => addon.chooseTokens(logits, [], { ...defaults, seed }, 50);
    assert.deepEqual(draw(7), draw(7));
    assert.notDeepEqual(draw(7), draw(8));
    assert.notDeepEqual(draw(7), draw(7 + 2 ** 32));
  });
});

describe('200,000 draws', () => {
  /** Chi-squared statistic against the probabilities; cells expected below 5 draws are pooled. */
  function chiSquared(
    draws: Int32Array,
    probabilities: readonly number[],
  ): { statistic: number; freedom: number } {
    const counts = Array<number>(probabilities.length).fill(0);
    for (const token of draws) counts[token] = (counts[token] ?? 0) + 1;
    let statistic = 0;
    let cells = 0;
    let pooled = { expected: 0, observed: 0 };
    const add = (expected: number, observed: number): void => {
      statistic += (observed - expected) ** 2 / expected;
      cells += 1;
    };
    probabilities.forEach((p, id) => {
      const expected = p * draws.length;
      const observed = counts[id] ?? 0;
      if (p === 0) assert.equal(observed, 0, `id ${id} was dropped and drawn`);
      else if (expected >= 5) add(expected, observed);
      else pooled = { expected: pooled.expected + expected, observed: pooled.observed + observed };
    });
    if (pooled.expected > 0) add(pooled.expected, pooled.observed);
    return { statistic, freedom: cells - 1 };
  }

  for (const parameters of [
    {},
    { temperature: 0.7 },
    { topK: 20 },
    { topP: 0.9 },
    { temperature: 1.5, topK: 100, topP: 0.8, repetitionPenalty: 1.2 },
  ] satisfies Partial<DecodingParameters>[]) {
    test(`follow the processed scores: ${JSON.stringify(parameters)}`, () => {
      const all = { ...defaults, ...parameters, seed: 42 };
      const logits = randomLogits(300, 3, 9);
      const history = [3, 4, 5];
      const draws = addon.chooseTokens(Float32Array.from(logits), history, all, 200_000);
      const { statistic, freedom } = chiSquared(draws, softmax(reference(logits, history, all)));
      // Wilson-Hilferty: z is standard normal. The seed is fixed, so the outcome is, too; 3.1 is p = 0.001.
      const z = ((statistic / freedom) ** (1 / 3) - (1 - 2 / (9 * freedom))) / Math.sqrt(2 / (9 * freedom));
      assert.ok(
        Math.abs(z) < 3.1,
        `chi-squared ${statistic.toFixed(1)} with ${freedom} degrees of freedom, z ${z.toFixed(2)}`,
      );
    });
  }
});
