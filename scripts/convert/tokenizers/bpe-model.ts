import { join } from 'node:path';

import { z } from 'zod';

import { FormatError, quote } from '../format-error.js';
import { checkJson, readTextIfPresent } from '../json-file.js';
import type { TokenizerJson } from './files.js';
import { readTokenIdFile, readTokenIds } from './token-id.js';

/** Two neighbouring tokens that become one. */
export type Merge = readonly [left: string, right: string];

/** A BPE model: tokenizer.json's, or vocab.json and merges.txt. */
export interface BpeModel {
  /** The model's own tokens and their ids, without added ones. */
  readonly vocabulary: ReadonlyMap<string, number>;
  /** In the order in which they are applied; parts and unions are all in the vocabulary. */
  readonly merges: readonly Merge[];
  /** Whether characters outside the vocabulary become tokens "<0x00>" to "<0xFF>". */
  readonly byteFallback: boolean;
  /** Whether a word that is a token is not taken apart first. */
  readonly ignoreMerges: boolean;
}

const schema = z.looseObject({
  type: z.literal('BPE'),
  vocab: z.unknown(),
  merges: z.array(z.unknown()).default([]),
  dropout: z.literal(0).nullish(),
  continuing_subword_prefix: z.literal('').nullish(),
  end_of_word_suffix: z.literal('').nullish(),
  byte_fallback: z.boolean().nullish(),
  ignore_merges: z.boolean().nullish(),
});

/** The same entries out of the whole file, so that messages name them in full. */
const fileSchema = z.looseObject({ model: schema });

/**
 * Reads the model of tokenizer.json or, without one, vocab.json and merges.txt.
 *
 * @throws FormatError if there is none, it is no BPE, or a merge is malformed or does not fit the vocabulary
 */
export async function readBpeModel(folder: string, tokenizer: TokenizerJson | undefined): Promise<BpeModel> {
  const model =
    tokenizer === undefined ? undefined : checkJson('tokenizer.json', tokenizer, fileSchema).model;
  const vocabulary =
    model === undefined
      ? await readTokenIdFile(folder, 'vocab.json')
      : readTokenIds('tokenizer.json', model.vocab);
  if (vocabulary === undefined) {
    throw new FormatError('tokenizer', 'there is neither tokenizer.json nor vocab.json');
  }
  if (vocabulary.size === 0) throw new FormatError('tokenizer', 'the vocabulary is empty');
  const listed = (model?.merges ?? []).map(parseMerge);
  const merges = listed.length > 0 ? listed : await readMergesFile(folder);
  checkMerges(merges, vocabulary);
  return {
    vocabulary,
    merges,
    byteFallback: model?.byte_fallback ?? false,
    ignoreMerges: model?.ignore_merges ?? false,
  };
}

/** merges.txt: perhaps a comment in the first line, then a merge a line. */
async function readMergesFile(folder: string): Promise<Merge[]> {
  const text = (await readTextIfPresent(join(folder, 'merges.txt'))) ?? '';
  const lines = text.split(/\r\n|\n|\r/);
  const body = lines[0]?.startsWith('#version') === true ? lines.slice(1) : lines;
  return body.filter((line) => line.trim() !== '').map((line, index) => parseMerge(line.trim(), index));
}

function parseMerge(merge: unknown, index: number): Merge {
  const parts: readonly unknown[] =
    typeof merge === 'string' ? merge.split(' ') : Array.isArray(merge) ? merge : [];
  const [left, right] = parts;
  // An empty part would make a token of itself, round and round.
  const isPart = (part: unknown): part is string => typeof part === 'string' && part !== '';
  if (parts.length === 2 && isPart(left) && isPart(right)) return [left, right];
  throw new FormatError(
    'tokenizer',
    `expected two parts for merge ${index}, received ${quote(typeof merge === 'string' ? merge : JSON.stringify(merge))}`,
  );
}

function checkMerges(merges: readonly Merge[], vocabulary: ReadonlyMap<string, number>): void {
  if (merges.length === 0) {
    throw new FormatError('tokenizer', 'there are no merges, without which llama.cpp loads no BPE');
  }
  for (const [index, [left, right]] of merges.entries()) {
    const absent = [left, right, left + right].find((token) => !vocabulary.has(token));
    if (absent !== undefined) {
      throw new FormatError(
        'tokenizer',
        `merge ${index} needs ${quote(absent)}, which is not in the vocabulary`,
      );
    }
  }
}
