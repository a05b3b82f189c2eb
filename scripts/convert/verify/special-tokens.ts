import type { GgufMetadata } from '../gguf/values.js';
import type { SentencePieceVocabulary } from './sentencepiece.js';

/** The tokens at which a text starts and ends. */
const ENDS = ['bos', 'eos'] as const;
/** One of them. */
export type End = (typeof ENDS)[number];

/** A start or end token as both have it. */
export interface SpecialTokenComparison {
  readonly name: End;
  /** What llama.cpp takes from the file; undefined: none. */
  readonly file: number | undefined;
  /** Undefined: the tokenizer's files leave it open, or to config.json. */
  readonly expected: number | undefined;
}

/** What llama.cpp takes where a file names none, by `tokenizer.ggml.model` (`llama_vocab::impl::load`). */
const ASSUMED: Readonly<Record<string, Readonly<Partial<Record<End, number>>>>> = {
  llama: { bos: 1, eos: 2 },
  gpt2: { bos: 11, eos: 11 },
  t5: { eos: 1 },
};

/**
 * Compares a file's start and end token with those of the tokenizer's files.
 *
 * @param expectedOf gives a token's id by these, knowing what the file has
 */
export function compareSpecialTokens(
  metadata: GgufMetadata,
  expectedOf: (name: End, written: number | undefined) => number | undefined,
): SpecialTokenComparison[] {
  const kind = metadata.get('tokenizer.ggml.model')?.value;
  const assumed = typeof kind === 'string' ? ASSUMED[kind] : undefined;
  return ENDS.map((name) => {
    const value = metadata.get(`tokenizer.ggml.${name}_token_id`)?.value;
    const file = typeof value === 'number' ? value : assumed?.[name];
    return { name, file, expected: expectedOf(name, file) };
  });
}

/** Whether the file has another token than the tokenizer's files name. */
export function isWrong({ file, expected }: SpecialTokenComparison): boolean {
  return expected !== undefined && file !== expected;
}

/**
 * The id that a `tokenizer.model` itself has for a token.
 *
 * @param written the file's; undefined is returned if this is a token that the model has no other use for, as
 *   config.json may have chosen it: a chat model's end of a turn
 */
export function pieceIdOf(
  { pieces, specialIds }: SentencePieceVocabulary,
  name: End,
  written: number | undefined,
): number | undefined {
  const id = specialIds?.[name] ?? -1;
  if (pieces[id]?.type !== 'control') return undefined;
  if (written === undefined || Object.values(specialIds ?? {}).includes(written)) return id;
  const type = pieces[written]?.type;
  return type === 'normal' || type === 'byte' || type === 'unknown' ? id : undefined;
}
