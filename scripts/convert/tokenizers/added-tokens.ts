import { configToken, type TokenizerFiles } from './files.js';
import { SPECIAL_NAMES } from './special-tokens.js';
import { conflict, type Token, TOKEN_TYPES, type VocabularyBuilder } from './vocabulary.js';

/** A token that was put on top of the model's own. */
export interface AddedToken {
  readonly content: string;
  /** Whether it is left out of text that people read. */
  readonly special: boolean;
  /** Whether it is looked for in the normalised text. Default true. */
  readonly normalized?: boolean | undefined;
  /** Absent: the id the text has in the vocabulary, or else the next free one. */
  readonly id?: number;
}

/** What SentencePiece writes for a space. */
export const SPACE_MARK = '\u2581';

const ADDED_SCORE = -1000;

/**
 * Added tokens of tokenizer.json and tokenizer_config.json, each text once; what a later place says of a token
 * changes nothing.
 *
 * @param defaults special tokens that transformers' class has by itself, taken where the vocabulary has them
 */
export function collectAddedTokens(
  files: TokenizerFiles,
  vocabulary: ReadonlyMap<string, number>,
  defaults: readonly string[],
): AddedToken[] {
  const found = new Map<string, AddedToken>();
  const add = (token: AddedToken): void => {
    if (!found.has(token.content)) found.set(token.content, token);
  };
  for (const token of files.tokenizer?.added_tokens ?? []) add(token);
  for (const token of configuredTokens(files)) add(token);
  const named = SPECIAL_NAMES.map((name) => configToken(files.config, `${name}_token`));
  const { additional_special_tokens: additional, extra_special_tokens: extra } = files.config ?? {};
  for (const content of [...named, ...(additional ?? []), ...(extra ?? [])]) {
    if (content !== undefined && content !== '') add({ content, special: true });
  }
  for (const content of defaults) if (vocabulary.has(content)) add({ content, special: true });
  return [...found.values()];
}

/** tokenizer_config.json's `added_tokens_decoder`. */
export function configuredTokens({ config }: TokenizerFiles): (AddedToken & { readonly id: number })[] {
  return Object.entries(config?.added_tokens_decoder ?? {}).map(([id, { content, special }]) => ({
    id: Number(id),
    content,
    special,
  }));
}

/**
 * An added token as llama.cpp has it: special ones are control tokens, the others are looked for in the plain
 * text, so a mark for a space in them has to become one.
 */
export function asToken({ content, special }: AddedToken): Token {
  return special
    ? { text: content, type: TOKEN_TYPES.control, score: ADDED_SCORE }
    : { text: content.replaceAll(SPACE_MARK, ' '), type: TOKEN_TYPES.userDefined, score: ADDED_SCORE };
}

/**
 * Puts added tokens in the places of their ids, of the same text in the vocabulary, or else behind all others.
 *
 * @param convert how an added token becomes one of llama.cpp's
 * @throws FormatError if another token is there
 */
export function placeAddedTokens(
  builder: VocabularyBuilder,
  vocabulary: ReadonlyMap<string, number>,
  added: readonly AddedToken[],
  convert: (token: AddedToken) => Token = asToken,
): void {
  for (const entry of added) {
    const token = convert(entry);
    const id = entry.id ?? vocabulary.get(entry.content) ?? builder.next;
    const other = builder.get(id);
    // The model's own entry of the same text gives way to the added one.
    if (other !== undefined && other.text !== entry.content) throw conflict(id, other, token);
    builder.replace(id, token);
  }
}

/** The token, special also if it looks so: some models meant to say it and did not. llama.cpp's converter has the same list. */
export function guessSpecial<T extends AddedToken>(token: T): T {
  const { content } = token;
  const special =
    token.special ||
    ['<pad>', '<mask>', '<2mass>', '[@BOS@]'].includes(content) ||
    /^<[|｜].*[|｜]>$/su.test(content) ||
    /^<unused.*>$/su.test(content);
  return { ...token, special };
}
