import type { Json, Tokenizer } from './tokenizer-folder.js';

/** LLaMA 3's expression. */
export const LLAMA3 =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

/** The step that turns bytes into letters, without a cut of its own. */
export const LETTERS = { type: 'ByteLevel', add_prefix_space: false, use_regex: false };
/** A cut by an expression. */
export const split = (expression: string, more: Json = { behavior: 'Isolated', invert: false }): Json => ({
  type: 'Split',
  pattern: { Regex: expression },
  ...more,
});
export const sequence = (...pretokenizers: readonly Json[]): Json => ({ type: 'Sequence', pretokenizers });

/** What a tokenizer of a test differs in. */
export interface Parts {
  readonly pre_tokenizer: Json | null;
  readonly ignoreMerges?: boolean;
  readonly architecture?: string;
  readonly tokenizer?: Json;
  readonly tokenizerConfig?: Json;
}

/** A byte-level tokenizer of three tokens and a special one. */
export function folder({
  pre_tokenizer,
  ignoreMerges = false,
  architecture = 'llama',
  ...more
}: Parts): Tokenizer {
  const tokenizer = {
    added_tokens: [{ id: 3, content: '<s>', special: true }],
    pre_tokenizer,
    model: { type: 'BPE', vocab: { a: 0, b: 1, ab: 2 }, merges: ['a b'], ignore_merges: ignoreMerges },
    ...more.tokenizer,
  };
  return {
    files: {
      'tokenizer.json': tokenizer,
      'tokenizer_config.json': { bos_token: '<s>', ...more.tokenizerConfig },
    },
    architecture,
    size: 4,
  };
}
