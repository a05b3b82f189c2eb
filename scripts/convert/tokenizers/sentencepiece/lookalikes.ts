import { FormatError } from '../../format-error.js';
import { lookalikeOf, LOOKED_AT_BYTES } from '../../lookalikes.js';

const TIKTOKEN = /^[A-Za-z0-9+/]+={0,2} \d+\n/;

/**
 * Checks that a file may be a SentencePiece model.
 *
 * @throws FormatError that says what it is instead, where that can be told
 */
export function refuseLookalikes(bytes: Buffer): void {
  const found = TIKTOKEN.test(bytes.toString('latin1', 0, LOOKED_AT_BYTES))
    ? "tiktoken's format, LLaMA 3's original one; use its tokenizer.json without it"
    : lookalikeOf(bytes);
  if (found === undefined) return;
  throw new FormatError('tokenizer.model', `expected a SentencePiece model, received ${found}`);
}
