import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { OUTPUT_TYPE_NAMES } from '../../scripts/convert/output-types.js';
import { BOUNDS } from '../../scripts/convert/verify/bounds.js';
import { judge } from '../../scripts/convert/verify/judge.js';
import { LogitComparer, type LogitComparison } from '../../scripts/convert/verify/logits.js';
import type { TokenizerComparison } from '../../scripts/convert/verify/tokenizers.js';

const SAME: TokenizerComparison = { strings: 1, decoded: 1, roundTrips: 1, differences: [] };

function compare(rows: readonly (readonly [number[], number[], number | undefined])[]): LogitComparison {
  const comparer = new LogitComparer();
  for (const [row, reference, next] of rows)
    comparer.add(Float32Array.from(row), Float32Array.from(reference), next);
  return comparer.result();
}

function assertNear(value: number, expected: number): void {
  assert.ok(Math.abs(value - expected) < 1e-6, `expected ${expected}, received ${value}`);
}

describe('comparison of logits', () => {
  test('sums up differences, perplexities, divergence and agreement', () => {
    const log = Math.log;
    // Probabilities 1/2, 1/4, 1/4 against 1/4, 1/2, 1/4; then the same row twice, shifted.
    const result = compare([
      [[log(2), 0, 0], [0, log(2), 0], 0],
      [[5, 5, 5], [7, 7, 7], undefined],
    ]);
    assert.deepEqual([result.positions, result.predicted, result.sameArgmax], [2, 1, 0.5]);
    assertNear(result.perplexity, 2);
    assertNear(result.referencePerplexity, 4);
    assertNear(result.maxDifference, 2);
    assertNear(result.spread, 7);
    // Of the first row: 1/4 log(1/2) + 1/2 log 2, of the second nothing.
    assertNear(result.divergence, (log(2) * 0.25) / 2);
    assert.deepEqual([result.nonFinite, result.referenceNonFinite], [0, 0]);
  });

  test('counts what is not finite, and such files fail', () => {
    const broken = compare([[[NaN, 0, Infinity], [0, 1, 2], 0]]);
    assert.deepEqual([broken.nonFinite, broken.referenceNonFinite], [2, 0]);
    assert.match(judge('q2_k', broken, SAME)[0] ?? '', /^expected finite logits, received 2 that are not/);
    const reference = compare([[[0, 1, 2], [NaN, 1, 2], 0]]);
    assert.match(judge('q8_0', reference, SAME)[0] ?? '', /received 0 that are not, and 1 of the F32/);
  });
});

describe('judgement', () => {
  const good = compare([[[1, 2, 3], [1, 2, 3], 2]]);

  test('passes equal logits as every type', () => {
    for (const outtype of OUTPUT_TYPE_NAMES) assert.deepEqual(judge(outtype, good, SAME), []);
  });

  test('fails a perplexity that is too high, too low, or none', () => {
    for (const perplexity of [good.referencePerplexity * 1.06, good.referencePerplexity / 1.06, NaN]) {
      const [failure] = judge('q8_0', { ...good, perplexity }, SAME);
      assert.match(
        failure ?? '',
        /^expected at most 1\.05 for the ratio of q8_0 and F32 perplexities, received (1\.060|NaN)$/,
      );
    }
  });

  test('fails a divergence, and of F32 files a difference, beyond bounds', () => {
    assert.match(
      judge('q4_0', { ...good, divergence: 0.5 }, SAME)[0] ?? '',
      /^expected at most 0\.4 for the div/,
    );
    const difference = { ...good, maxDifference: good.spread * 0.002 };
    assert.match(judge('f32', difference, SAME)[0] ?? '', /^expected at most 0\.001 for the largest logit/);
    assert.deepEqual(judge('q8_0', difference, SAME), []);
  });

  test('bounds widen with fewer bits', () => {
    const order = ['f32', 'f16', 'bf16', 'q8_0', 'q6_k', 'q5_k_m', 'q4_k_m', 'q3_k_m', 'q2_k'] as const;
    for (const [index, name] of order.slice(1).entries()) {
      const finer = BOUNDS[order[index] ?? 'f32'];
      assert.ok(BOUNDS[name].divergence > finer.divergence, name);
      assert.ok(BOUNDS[name].perplexity >= finer.perplexity, name);
    }
  });
});
