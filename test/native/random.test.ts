import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import type { DecodingParameters } from '../../src/engine/native-engine.js';
import { loadAddon } from '../../src/engine/addon.js';
import { chiSquaredDeviate } from './chi-squared.js';
import { defaults, softmax } from './reference.js';
import { hashTable } from './table-engine.js';

const addon = loadAddon();
const sampling = { ...defaults, doSample: true } satisfies DecodingParameters;
const torch = { ...sampling, generator: 'torch' } satisfies DecodingParameters;

/** Whether a deviate is what chance gives: the seeds are fixed, so the outcome is, too; 3.1 is p = 0.001. */
function assertLikely(deviate: number, what: string): void {
  assert.ok(Math.abs(deviate) < 3.1, `${what}: ${deviate.toFixed(2)} standard deviations`);
}

/** From torch 2.15 on the CPU and transformers 5.23. */
describe("torch's draws", () => {
  test('are exponential_() after manual_seed()', () => {
    const expected = new Map([
      [0, [3.508326292037964, 1.2303847074508667, 0.615044116973877, 2.535118579864502]],
      [1, [0.06299653649330139, 0.25431758165359497, 0.2669028043746948, 0.1949196606874466]],
      [123456789012, [0.8690288066864014, 0.24411340057849884, 0.3567100167274475, 0.6002986431121826]],
    ]);
    for (const [seed, values] of expected) assert.deepEqual([...addon.torchExponentials(seed, 4)], values);
    assert.deepEqual(addon.torchExponentials(2 ** 32 + 1, 50), addon.torchExponentials(1, 50), 'low 32 bits');
    assert.equal(addon.torchExponentials(0, 200_000)[199_999], 0.5952720046043396, 'beyond many refills');
  });

  test('choose as multinomial() does, and each sequence takes its own part', () => {
    const table = hashTable(12, 2);
    const prompt = [2, 7, 4];
    const sample = (parameters: Partial<DecodingParameters>, sequences: number): number[][] =>
      addon.sampleTable(table, prompt, { ...torch, ...parameters }, sequences);
    assert.deepEqual(sample({ seed: 5, eosTokenId: [1], maxNewTokens: 6 }, 3), [
      [1],
      [5, 6, 1],
      [11, 3, 10, 10, 2, 5],
    ]);
    assert.deepEqual(sample({ seed: 2 ** 32 + 6, maxNewTokens: 8 }, 1), [[11, 4, 5, 10, 11, 10, 11, 6]]);
  });

  test('take a variate for tokens that a filter dropped, too', () => {
    const table = hashTable(300, 8);
    const all = addon.sampleTable(table, [5], { ...torch, topK: 300, maxNewTokens: 40, temperature: 0.2 }, 2);
    const few = addon.sampleTable(table, [5], { ...torch, topK: 40, maxNewTokens: 40, temperature: 0.2 }, 2);
    assert.deepEqual(few, all, 'none of the 260 least likely tokens is drawn at this temperature');
  });

  test('without replacement come in the order of multinomial()', () => {
    const probabilities = Float32Array.from([0.5, 0.25, 0.125, 0.125].map(Math.log));
    const once = { steps: 1, order: [0] };
    const parameters = { ...torch, numBeams: 2 };
    assert.deepEqual(addon.rankCandidates(probabilities, new Float32Array(1), parameters, once), [
      [2, 1, 0, 3],
    ]);
    const rows = Float32Array.from([0, -1, -2, -3, -0.5, -0.6, -0.7, -0.8]);
    for (const order of [
      [0, 1],
      [1, 0],
    ]) {
      assert.deepEqual(
        addon.rankCandidates(
          rows,
          Float32Array.from([-1, -0.5]),
          { ...parameters, seed: 3 },
          { steps: 4, order },
        ),
        [
          [0, 6, 7, 1],
          [7, 5, 0, 4],
          [6, 0, 7, 5],
          [7, 1, 0, 4],
        ],
      );
    }
  });
});

/** Draws of several beams as one race; a flat list of probabilities says what is to be expected. */
describe("Glossa's draws without replacement", () => {
  const rows = Float32Array.from([0, -1, -2, -3, -0.5, -Infinity, -0.7, -1.5]);
  const scores = Float32Array.from([-1, -0.5]);
  const steps = 40_000;
  const parameters = { ...sampling, numBeams: 2, seed: 42 } satisfies DecodingParameters;
  const probabilities = softmax([...rows].map((score, index) => score + (scores[index >> 2] ?? 0)));
  const draws = addon.rankCandidates(rows, scores, parameters, { steps, order: [0, 1] });

  /** Every order of `count` distinct draws with its probability. */
  function* orders(count: number, drawn: number[] = [], chance = 1, left = 1): Generator<[number[], number]> {
    if (drawn.length === count) {
      yield [drawn, chance];
      return;
    }
    for (const [index, p] of probabilities.entries()) {
      if (p > 0 && !drawn.includes(index))
        yield* orders(count, [...drawn, index], (chance * p) / left, left - p);
    }
  }

  function deviate(count: number, name: (indices: readonly number[]) => string): number {
    const expected = new Map<string, number>();
    for (const [indices, chance] of orders(count))
      expected.set(name(indices), (expected.get(name(indices)) ?? 0) + chance);
    const counts = new Map<string, number>();
    for (const draw of draws) {
      const cell = name(draw.slice(0, count));
      counts.set(cell, (counts.get(cell) ?? 0) + 1);
    }
    return chiSquaredDeviate(counts, expected);
  }

  test('have the right first draws, ordered pairs, and sets of four', () => {
    assert.ok(draws.every((draw) => draw.length === 4));
    assertLikely(
      deviate(1, (indices) => indices.join()),
      'first draws',
    );
    assertLikely(
      deviate(2, (indices) => indices.join()),
      'ordered pairs',
    );
    assertLikely(
      deviate(4, (indices) => indices.toSorted((a, b) => a - b).join()),
      'sets of four',
    );
  });

  test('do not depend on the order in which beams propose', () => {
    const backwards = addon.rankCandidates(rows, scores, parameters, { steps: 1000, order: [1, 0] });
    assert.deepEqual(backwards, draws.slice(0, 1000));
  });

  test('are a function of seed and step', () => {
    const again = (seed: number): number[][] =>
      addon.rankCandidates(rows, scores, { ...parameters, seed }, { steps: 200, order: [0, 1] });
    assert.deepEqual(again(42), draws.slice(0, 200));
    assert.notDeepEqual(again(43), draws.slice(0, 200));
    assert.notDeepEqual(draws.slice(0, 200), draws.slice(200, 400));
  });

  test('find every token of a large row, each once, and only what a filter left', () => {
    const size = 1000;
    const row = Float32Array.from({ length: size }, (_, id) => -(id % 7));
    const drawn = (given: Partial<DecodingParameters>, steps: number): number[][] =>
      addon.rankCandidates(row, new Float32Array(1), { ...sampling, ...given }, { steps, order: [0] });
    const [everything] = drawn({ numBeams: 500 }, 1);
    assert.deepEqual(
      everything?.toSorted((a, b) => a - b),
      Array.from({ length: size }, (_, id) => id),
    );
    const [few] = drawn({ numBeams: 100, topK: 20 }, 1);
    assert.deepEqual(
      few?.toSorted((a, b) => a - b),
      Array.from({ length: size }, (_, id) => id).filter((id) => id % 7 === 0),
      'all ties with the 20th stay',
    );
    const expected = new Map(softmax([...row]).map((p, id) => [String(id), p]));
    const counts = new Map<string, number>();
    for (const [first = -1] of drawn({ numBeams: 2 }, 50_000))
      counts.set(String(first), (counts.get(String(first)) ?? 0) + 1);
    assertLikely(chiSquaredDeviate(counts, expected), 'first draws of a large row');
  });

  test('take beams that are hopelessly far behind last', () => {
    const both = addon.rankCandidates(
      Float32Array.from([0, 0, 0, 0]),
      Float32Array.from([-2000, 0]),
      { ...sampling, numBeams: 2 },
      { steps: 20, order: [0, 1] },
    );
    for (const draw of both) {
      assert.equal(draw.length, 4);
      assert.ok(draw.slice(0, 2).every((index) => index >= 2));
    }
  });
});
