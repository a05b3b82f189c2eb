import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { packageRoot } from '../../../src/engine/addon.js';
import type { RecipeDtype, WeightKind } from './weights.js';

/** Where the stored goldens lie: beside this file's source, for the compiled one is elsewhere. */
export const GOLDENS = join(packageRoot(), 'test', 'convert', 'goldens');

export interface RecipeTensorOptions {
  readonly dtype?: RecipeDtype;
  readonly kind?: WeightKind;
}

/** Name, shape and what differs from the recipe's rule. */
export type RecipeTensor = readonly [name: string, shape: readonly number[], options?: RecipeTensorOptions];

/** A checkpoint folder in few words, as scripts/goldens/cases.py writes it. */
export interface Recipe {
  /** Also the folder's name, from which metadata follow. */
  readonly name: string;
  /** Folder of test/convert/goldens/tokenizers. */
  readonly tokenizer: string;
  readonly seed: number;
  readonly dtype: RecipeDtype;
  /** Further files by name: JSON values or text. */
  readonly files: Readonly<Record<string, unknown>>;
  readonly tensors: readonly RecipeTensor[];
}

/** Names of the cases in a folder of goldens, sorted. */
export function caseNames(kind: string): string[] {
  return readdirSync(join(GOLDENS, kind))
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -'.json'.length))
    .sort();
}

/** One stored golden or recipe. Its shape is the caller's word: the files are ours and made by one script. */
export function readStored(kind: string, name: string): unknown {
  return JSON.parse(readFileSync(join(GOLDENS, kind, `${name}.json`), 'utf8'));
}

export function readRecipe(name: string): Recipe {
  return readStored('recipes', name) as Recipe;
}
