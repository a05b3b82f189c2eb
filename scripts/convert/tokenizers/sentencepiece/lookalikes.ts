import { FormatError } from '../../format-error.js';

/** What people hand over instead of a SentencePiece model, by how it starts. */
const LOOKALIKES: readonly (readonly [start: RegExp, what: string])[] = [
  [/^version https:\/\/git-lfs/, 'a Git LFS pointer; fetch the real file with "git lfs pull"'],
  [/^\s*<(!doctype|html)/i, 'a web page'],
  [
    /^[A-Za-z0-9+/]+={0,2} \d+\n/,
    "tiktoken's format, LLaMA 3's original one; use its tokenizer.json without it",
  ],
];

const LOOKED_AT_BYTES = 256;

/**
 * Checks that a file may be a SentencePiece model.
 *
 * @throws FormatError that says what it is instead, where that can be told
 */
export function refuseLookalikes(bytes: Buffer): void {
  const start = bytes.toString('latin1', 0, LOOKED_AT_BYTES);
  const found = LOOKALIKES.find(([pattern]) => pattern.test(start));
  if (found === undefined) return;
  throw new FormatError('tokenizer.model', `expected a SentencePiece model, received ${found[1]}`);
}
