import { FormatError, quote } from '../format-error.js';
import { configToken, type TokenizerFiles } from './files.js';
import { SPECIAL_NAMES } from './special-tokens.js';

/** llama.cpp's token types (`enum llama_token_type`). */
export const TOKEN_TYPES = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;

/** Tokens by id, as llama.cpp wants them. */
export interface Vocabulary {
  readonly tokens: readonly string[];
  readonly types: Int32Array;
}

interface AddedToken {
  readonly content: string;
  readonly special: boolean;
  /** Absent: the id the text has in the vocabulary, or else the next free one. */
  readonly id?: number;
}

/** What GPT-2's tokenizer in transformers takes for bos, eos and unk where nothing else is said. */
const DEFAULT_SPECIAL = '<|endoftext|>';

/** The BPE model's own tokens and their ids, without added ones. */
export function baseVocabulary(files: TokenizerFiles): ReadonlyMap<string, number> {
  const entries = files.tokenizer?.model.vocab ?? files.vocabulary;
  if (entries === undefined)
    throw new FormatError('tokenizer', 'there is neither tokenizer.json nor vocab.json');
  return new Map(Object.entries(entries));
}

/**
 * Puts the model's own and the added tokens in order of their ids. Ids that nothing stands for become unused
 * "[PAD<id>]" tokens, as in llama.cpp's converter, up to the number of embedding rows.
 *
 * @param size rows of the embedding
 * @throws FormatError if an id stands for two tokens or lies outside the embedding
 */
export function buildVocabulary(
  files: TokenizerFiles,
  base: ReadonlyMap<string, number>,
  size: number,
): Vocabulary {
  const slots = new Map<number, { token: string; type: number }>();
  for (const [token, id] of base) place(slots, id, { token, type: TOKEN_TYPES.normal }, size);
  const ids = new Map(base);
  for (const added of addedTokens(files)) {
    const known = ids.get(added.content);
    const id = known ?? added.id ?? highest(slots) + 1;
    if (added.id !== undefined && added.id !== id) {
      throw new FormatError('tokenizer', `${quote(added.content)} has the ids ${id} and ${added.id}`);
    }
    // The model's own entry of the same text gives way to the added one.
    if (known !== undefined) slots.delete(id);
    ids.set(added.content, id);
    place(slots, id, typed(added), size);
  }
  return fill(slots, size);
}

type Slots = Map<number, { token: string; type: number }>;

function highest(slots: Slots): number {
  let result = -1;
  for (const id of slots.keys()) if (id > result) result = id;
  return result;
}

function place(slots: Slots, id: number, entry: { token: string; type: number }, size: number): void {
  if (id >= size) {
    throw new FormatError(
      'tokenizer',
      `token ${quote(entry.token)} has id ${id}, but the embedding has only ${size} rows`,
    );
  }
  const other = slots.get(id);
  if (other !== undefined) {
    throw new FormatError(
      'tokenizer',
      `id ${id} stands for both ${quote(other.token)} and ${quote(entry.token)}`,
    );
  }
  slots.set(id, entry);
}

function typed({ content, special }: AddedToken): { token: string; type: number } {
  if (special || looksSpecial(content)) return { token: content, type: TOKEN_TYPES.control };
  // SentencePiece's mark for a space, which some tokenizers leave in added tokens.
  return { token: content.replaceAll('\u2581', ' '), type: TOKEN_TYPES.userDefined };
}

/** Tokens that some models meant to be special and did not mark so; llama.cpp's converter has the same list. */
function looksSpecial(token: string): boolean {
  return (
    ['<pad>', '<mask>', '<2mass>', '[@BOS@]'].includes(token) ||
    /^<[|｜].*[|｜]>$/su.test(token) ||
    /^<unused.*>$/su.test(token)
  );
}

/** Added tokens of all files, each text once; what a later file says of a token changes nothing. */
function addedTokens(files: TokenizerFiles): AddedToken[] {
  const found = new Map<string, AddedToken>();
  const add = (token: AddedToken): void => {
    if (!found.has(token.content)) found.set(token.content, token);
  };
  for (const token of files.tokenizer?.added_tokens ?? []) add(token);
  for (const [id, token] of Object.entries(files.config?.added_tokens_decoder ?? {}))
    add({ ...token, id: Number(id) });
  for (const [content, id] of Object.entries(files.addedTokens)) add({ content, id, special: false });
  const named = SPECIAL_NAMES.map((name) => configToken(files.config, `${name}_token`));
  const special = [...named, ...(files.config?.additional_special_tokens ?? [])];
  for (const content of special) if (content !== undefined && content !== '') add({ content, special: true });
  if (baseVocabulary(files).has(DEFAULT_SPECIAL)) add({ content: DEFAULT_SPECIAL, special: true });
  return [...found.values()];
}

function fill(slots: Slots, size: number): Vocabulary {
  const types = new Int32Array(size).fill(TOKEN_TYPES.unused);
  const tokens = Array.from({ length: size }, (_, id) => `[PAD${id}]`);
  for (const [id, { token, type }] of slots) {
    tokens[id] = token;
    types[id] = type;
  }
  return { tokens, types };
}
