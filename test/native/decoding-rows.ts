import assert from 'node:assert/strict';

import type { DecodingParameters } from '../../src/engine/native-engine.js';
import { loadAddon } from '../../src/engine/addon.js';
import { defaults } from './reference.js';

const addon = loadAddon();

/** Scores after the native processors; `promptSize` leading ids of the row were not generated. */
export function processed(
  logits: readonly number[],
  parameters: Partial<DecodingParameters>,
  ids: readonly number[] = [],
  promptSize = ids.length,
): number[] {
  return [...addon.processScores(Float32Array.from(logits), ids, { ...defaults, ...parameters }, promptSize)];
}

/** Ids that were not dropped. */
export function surviving(scores: readonly number[]): number[] {
  return scores.flatMap((score, id) => (score === -Infinity ? [] : [id]));
}

/** Ids that were dropped. */
export function dropped(scores: readonly number[]): number[] {
  return scores.flatMap((score, id) => (score === -Infinity ? [id] : []));
}

/** Deterministic numbers in [0, 1). */
export function* uniforms(seed: number): Generator<number, never> {
  for (let counter = 0; ; counter += 1) {
    for (const word of addon.philox([counter, 0, 0, 0], [seed, 0])) yield word / 2 ** 32;
  }
}

/** Roughly normal logits, float32. */
export function randomLogits(count: number, spread: number, seed: number): number[] {
  const source = uniforms(seed);
  const draw = (): number => source.next().value;
  return Array.from({ length: count }, () => Math.fround((draw() + draw() + draw() + draw() - 2) * spread));
}

/** Logits of four tokens with these probabilities. */
export const halves: readonly number[] = [0.5, 0.25, 0.15, 0.1].map((p) => Math.fround(Math.log(p)));

/** The same entries dropped, all others within 1e-5. */
export function assertClose(actual: readonly number[], expected: readonly number[], message?: string): void {
  assert.deepEqual(dropped(actual), dropped(expected), message);
  expected.forEach((score, id) => {
    const difference = Math.abs((actual[id] ?? NaN) - score);
    const limit = 1e-5 * Math.max(1, Math.abs(score));
    if (score !== -Infinity) {
      assert.ok(
        actual[id] === score || difference <= limit,
        `id ${id}: ${actual[id]}, not ${score}; ${message ?? ''}`,
      );
    }
  });
}
