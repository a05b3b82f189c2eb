import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { packageRoot } from '../../src/engine/addon.js';

/** What transformers makes of one input (scripts/goldens/decoding/make_embeddings.py). */
export interface EmbeddingGolden {
  /** Text, or the number of ids of a row. */
  readonly input: string | number;
  readonly tokens: number;
  readonly width: number;
  /** The vector's first elements. */
  readonly first: readonly number[];
  /** Its dot products with vectors of sin((probe + 1) (place + 1)), in which every element counts. */
  readonly probes: readonly number[];
}

/** Goldens by the shipped model's name. */
export async function readGoldens(): Promise<Readonly<Record<string, readonly EmbeddingGolden[]>>> {
  const file = path.join(packageRoot(), 'test', 'engine', 'embeddings.json');
  return JSON.parse(await readFile(file, 'utf8')) as Record<string, EmbeddingGolden[]>;
}

/** Ids of a golden's row. */
export function rowOf(length: number): number[] {
  return Array.from({ length }, (_, place) => 300 + ((7 * place) % 1500));
}

/** What the engine is to be given. */
export function inputOf({ input }: EmbeddingGolden): string | number[] {
  return typeof input === 'string' ? input : rowOf(input);
}

/** Compares a vector with what the golden tells of it; all its elements count. */
export function assertClose(vector: Float32Array, golden: EmbeddingGolden, tolerance: number): void {
  const what = JSON.stringify(golden.input);
  assert.equal(vector.length, golden.width, what);
  assert.ok(Math.abs(cosine(vector, vector) - 1) < 1e-6, `${what}: norm`);
  const probes = golden.probes.map((_, probe) =>
    vector.reduce((sum, value, place) => sum + Math.sin((probe + 1) * (place + 1)) * value, 0),
  );
  const received = [...vector.subarray(0, golden.first.length), ...probes];
  for (const [place, expected] of [...golden.first, ...golden.probes].entries()) {
    const value = received[place] ?? NaN;
    assert.ok(Math.abs(value - expected) < tolerance, `${what}, ${place}: ${value} for ${expected}`);
  }
}

/** The dot product, which is the cosine for vectors of norm 1. */
export function cosine(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, place) => sum + value * (b[place] ?? NaN), 0);
}
