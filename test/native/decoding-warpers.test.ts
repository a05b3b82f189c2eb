import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { assertClose, halves, processed, randomLogits, surviving } from './decoding-rows.js';
import { defaults, process as reference } from './reference.js';

const equal = [1, 1, 1, 1];

describe('min p', () => {
  for (const [minP, count] of [
    [0, 4],
    [0.19, 4],
    [0.21, 3],
    [0.31, 2],
    [0.51, 1],
    [1, 1],
  ] as const) {
    test(`${minP} keeps ${count} of probabilities 0.5, 0.25, 0.15, 0.1`, () => {
      assert.deepEqual(surviving(processed(halves, { minP })), [0, 1, 2, 3].slice(0, count));
    });
  }

  test('1 removes nothing of equal tokens', () => {
    assert.deepEqual(surviving(processed(equal, { minP: 1 })), [0, 1, 2, 3]);
  });
});

describe('typical p', () => {
  // Entropy 1.208; distances 0.515, 0.178, 0.689, 1.095.
  for (const [typicalP, kept] of [
    [0.2, [1]],
    [0.5, [0, 1]],
    [0.8, [0, 1, 2]],
    [0.95, [0, 1, 2, 3]],
  ] as const) {
    test(`${typicalP} keeps ${kept.join()} of probabilities 0.5, 0.25, 0.15, 0.1`, () => {
      assert.deepEqual(surviving(processed(halves, { typicalP })), kept);
    });
  }

  test('may drop the most probable token, and what follows still adds up', () => {
    const parameters = { typicalP: 0.2, epsilonCutoff: 0.01, renormalizeLogits: true };
    assertClose(processed(halves, parameters), [-Infinity, 0, -Infinity, -Infinity]);
  });
});

describe('cutoffs', () => {
  test('epsilon drops what is less probable, but for the best', () => {
    assert.deepEqual(surviving(processed(halves, { epsilonCutoff: 0.12 })), [0, 1, 2]);
    assert.deepEqual(surviving(processed(halves, { epsilonCutoff: 0.2 })), [0, 1]);
    assert.deepEqual(surviving(processed(halves, { epsilonCutoff: 0.9 })), [0]);
    assert.deepEqual(surviving(processed(equal, { epsilonCutoff: 0.25 })), [0, 1, 2, 3]);
    assert.deepEqual(surviving(processed(equal, { epsilonCutoff: 0.9 })), [0, 1, 2, 3]);
  });

  test('eta lowers the threshold where entropy is high', () => {
    // sqrt(0.3) exp(-1.208) = 0.1637
    assert.deepEqual(surviving(processed(halves, { etaCutoff: 0.3 })), [0, 1]);
    assert.deepEqual(surviving(processed(equal, { etaCutoff: 0.3 })), [0, 1, 2, 3]);
  });
});

describe('top h', () => {
  // Terms of the entropy, 1.208: 0.347, 0.347, 0.285, 0.230.
  for (const [topH, count] of [
    [0.1, 1],
    [0.28, 1],
    [0.3, 1],
    [0.58, 2],
    [0.8, 2],
    [0.82, 3],
    [0.99, 3],
  ] as const) {
    test(`${topH} keeps ${count} of probabilities 0.5, 0.25, 0.15, 0.1`, () => {
      assert.deepEqual(surviving(processed(halves, { topH })), [0, 1, 2, 3].slice(0, count));
    });
  }

  test('looks at the best 100 only', () => {
    const logits = randomLogits(1000, 1, 5);
    assert.equal(surviving(processed(logits, { topH: 0.9999999 })).length <= 100, true);
    assertClose(processed(logits, { topH: 0.5 }), reference(logits, [], { ...defaults, topH: 0.5 }));
  });

  test('of a certain token keeps nothing else', () => {
    assert.deepEqual(surviving(processed([0, -1000, -2000], { topH: 0.9 })), [0]);
  });
});

describe('tokens that no warper removes', () => {
  const logits = randomLogits(200, 6, 11);
  const best = (count: number): number[] =>
    logits
      .map((_, id) => id)
      .toSorted((a, b) => (logits[b] ?? 0) - (logits[a] ?? 0))
      .slice(0, count)
      .toSorted((a, b) => a - b);

  for (const [eosTokenId, keep] of [
    [[], 2],
    [[1], 2],
    [[1, 5], 3],
    [[1, 5, 7], 4],
  ] as const) {
    for (const parameters of [
      { topK: 1 },
      { topP: 0 },
      { minP: 1 },
      { epsilonCutoff: 0.99 },
      { etaCutoff: 0.99, temperature: 0.1 },
    ]) {
      test(`${keep} with beams and ${eosTokenId.length} EOS ids: ${JSON.stringify(parameters)}`, () => {
        const beams = { ...parameters, numBeams: 3, eosTokenId };
        assert.deepEqual(surviving(processed(logits, beams)), best(keep));
      });
    }
  }

  test('are the most typical ones for typical p', () => {
    const beams = { typicalP: 1e-9, numBeams: 3, eosTokenId: [1, 5] };
    const scores = processed(logits, beams);
    assert.equal(surviving(scores).length, 3);
    assertClose(scores, reference(logits, [], { ...defaults, ...beams }));
  });

  test('are as many where scores tie', () => {
    const flat = Array<number>(3000).fill(-2);
    flat[70] = 20;
    for (const parameters of [{ topP: 0 }, { minP: 1 }, { typicalP: 1e-9 }]) {
      const scores = processed(flat, { ...parameters, numBeams: 2, eosTokenId: [1, 5] });
      assert.equal(surviving(scores).length, 3, JSON.stringify(parameters));
    }
  });
});

describe('all together', () => {
  for (const temperature of [0.5, 2]) {
    for (const renormalizeLogits of [false, true]) {
      for (const numBeams of [1, 3]) {
        test(`temperature ${temperature}, renormalized: ${renormalizeLogits}, ${numBeams} beams`, () => {
          const parameters = {
            temperature,
            topK: 5,
            topP: 0.8,
            minP: 0.1,
            renormalizeLogits,
            numBeams,
            eosTokenId: [1, 5],
          };
          let narrowed = 0;
          for (let seed = 0; seed < 40; seed += 1) {
            const logits = randomLogits(12, 3, seed);
            const expected = reference(logits, [2, 7, 4], { ...defaults, ...parameters });
            assertClose(processed(logits, parameters, [2, 7, 4]), expected);
            narrowed += surviving(expected).length < 5 ? 1 : 0;
          }
          assert.ok(narrowed > 10);
        });
      }
    }
  }
});
