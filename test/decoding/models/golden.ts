import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { packageRoot } from '../../../src/engine/addon.js';
import type { GenerationRequestInput } from '../../../src/generation/request.js';

/** What transformers made of one request (scripts/goldens/decoding/make_model_goldens.py). */
export interface GoldenCase {
  readonly request: GenerationRequestInput;
  /** New ids of each returned sequence, EOS included. */
  readonly tokens: readonly (readonly number[])[];
  /** transformers' sequences_scores, with beams. */
  readonly scores?: readonly number[];
  /**
   * The least noise on all logits, of 1e-5, 3e-5, 1e-4, 3e-4 and 1e-3, that changes the tokens; null: more.
   */
  readonly margin: number | null;
}

/** Goldens of a shipped model in float32. */
export interface ModelGoldens {
  readonly model: string;
  readonly cases: readonly GoldenCase[];
}

/** Reads a shipped model's goldens. */
export async function readModelGoldens(model: string): Promise<ModelGoldens> {
  const file = path.join(packageRoot(), 'test', 'decoding', 'models', `${model}.json`);
  return JSON.parse(await readFile(file, 'utf8')) as ModelGoldens;
}
