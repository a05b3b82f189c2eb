import { FormatError, quote } from '../format-error.js';
import type { TokenizerFiles } from './files.js';

/** What byte-level BPE writes for a space; a space inside a merge's part has to be written so, too. */
const SPACE_SYMBOL = 'Ġ';

/**
 * The merges in order, each as "left right".
 *
 * @param vocabulary what both parts and their union must be in
 * @throws FormatError naming the first merge that is malformed or does not fit the vocabulary
 */
export function readMerges(files: TokenizerFiles, vocabulary: ReadonlyMap<string, number>): string[] {
  const pairs = (files.tokenizer?.model.merges ?? []).map(splitMerge);
  const merges = pairs.length > 0 ? pairs : parseMergesText(files.mergesText ?? '');
  for (const [index, [left, right]] of merges.entries()) {
    const absent = [left, right, left + right].find((token) => !vocabulary.has(token));
    if (absent !== undefined) {
      throw new FormatError(
        'tokenizer',
        `merge ${index} needs ${quote(absent)}, which is not in the vocabulary`,
      );
    }
  }
  return merges.map(([left, right]) => `${encodeSpaces(left)} ${encodeSpaces(right)}`);
}

type Pair = readonly [left: string, right: string];

function splitMerge(merge: string | Pair, index: number): Pair {
  if (typeof merge !== 'string') return merge;
  const [left, right, ...rest] = merge.split(' ');
  if (left !== undefined && right !== undefined && rest.length === 0) return [left, right];
  throw new FormatError('tokenizer', `expected two parts for merge ${index}, received ${quote(merge)}`);
}

/** merges.txt: perhaps a comment in the first line, then a merge a line. */
function parseMergesText(text: string): Pair[] {
  const lines = text.split(/\r\n|\n|\r/);
  const body = lines[0]?.startsWith('#version') === true ? lines.slice(1) : lines;
  return body.filter((line) => line.trim() !== '').map((line, index) => splitMerge(line.trim(), index));
}

function encodeSpaces(part: string): string {
  return part.replaceAll(' ', SPACE_SYMBOL);
}
