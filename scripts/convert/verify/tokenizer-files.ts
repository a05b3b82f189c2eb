import { join } from 'node:path';

import { z } from 'zod';

import { FormatError } from '../format-error.js';
import { parseJsonFileIfPresent, readTextIfPresent } from '../json-file.js';

/** A token that is looked for in the text before anything else, as tokenizer.json writes it. */
export interface AddedTokenJson {
  readonly id: number;
  readonly content: string;
  readonly special: boolean;
  readonly normalized: boolean;
  readonly lstrip: boolean;
  readonly rstrip: boolean;
  readonly single_word: boolean;
}

const flag = z.boolean().default(false);
const addedTokenFields = {
  content: z.string(),
  special: flag,
  normalized: flag,
  lstrip: flag,
  rstrip: flag,
  single_word: flag,
};
const name = z.union([
  z.string(),
  z.looseObject({ content: z.string() }).transform((token) => token.content),
]);

const tokenizerSchema = z.looseObject({
  added_tokens: z.array(z.looseObject({ id: z.int(), ...addedTokenFields })).default([]),
  normalizer: z.unknown().default(null),
  pre_tokenizer: z.unknown().default(null),
  post_processor: z.unknown().default(null),
  decoder: z.unknown().default(null),
  model: z.looseObject({}),
});

const configSchema = z.looseObject({
  tokenizer_class: z.string().nullish(),
  add_bos_token: z.boolean().nullish(),
  add_eos_token: z.boolean().nullish(),
  add_prefix_space: z.boolean().nullish(),
  legacy: z.boolean().nullish(),
  bos_token: name.nullish(),
  eos_token: name.nullish(),
  unk_token: name.nullish(),
  pad_token: name.nullish(),
  additional_special_tokens: z.array(name).nullish(),
  added_tokens_decoder: z.record(z.string(), z.looseObject(addedTokenFields)).default({}),
});

const vocabularySchema = z.record(z.string(), z.int());

/** tokenizer.json, or its like made from other files. */
export interface TokenizerJson {
  readonly added_tokens: readonly AddedTokenJson[];
  readonly normalizer: unknown;
  readonly pre_tokenizer: unknown;
  readonly post_processor: unknown;
  readonly decoder: unknown;
  readonly model: Readonly<Record<string, unknown>>;
}
/** tokenizer_config.json. */
export type TokenizerConfig = z.output<typeof configSchema>;

/** A tokenizer's files, read for verification only: not by what converted them, which they are to check. */
export interface VerificationFiles {
  readonly tokenizer: TokenizerJson | undefined;
  readonly config: TokenizerConfig;
  /** vocab.json and merges.txt, where both are there. */
  readonly vocabulary: Readonly<Record<string, number>> | undefined;
  readonly merges: string | undefined;
  readonly addedTokens: Readonly<Record<string, number>>;
}

/** @throws FormatError naming the file and the entry that is wrong */
export async function readVerificationFiles(folder: string): Promise<VerificationFiles> {
  const read = <T extends z.ZodType>(file: string, schema: T): Promise<z.output<T> | undefined> =>
    parseJsonFileIfPresent(join(folder, file), schema);
  return {
    tokenizer: await read('tokenizer.json', tokenizerSchema),
    config: (await read('tokenizer_config.json', configSchema)) ?? configSchema.parse({}),
    vocabulary: await read('vocab.json', vocabularySchema),
    merges: await readTextIfPresent(join(folder, 'merges.txt')),
    addedTokens: (await read('added_tokens.json', vocabularySchema)) ?? {},
  };
}

/** An added token with nothing but its text and id. */
export function plainAddedToken(id: number, content: string, special: boolean): AddedTokenJson {
  return { id, content, special, normalized: false, lstrip: false, rstrip: false, single_word: false };
}

/**
 * Added tokens that tokenizer_config.json and added_tokens.json name and that are not known yet.
 *
 * @param vocabulary ids by text, for special tokens that are named without one
 */
export function furtherAddedTokens(
  files: VerificationFiles,
  known: readonly AddedTokenJson[],
  vocabulary: ReadonlyMap<string, number>,
): AddedTokenJson[] {
  const { config } = files;
  const found = new Map<string, AddedTokenJson>();
  const add = (token: AddedTokenJson): void => {
    if (!known.some(({ content }) => content === token.content) && !found.has(token.content))
      found.set(token.content, token);
  };
  for (const [id, token] of Object.entries(config.added_tokens_decoder)) add({ ...token, id: Number(id) });
  for (const [content, id] of Object.entries(files.addedTokens)) add(plainAddedToken(id, content, false));
  const { bos_token, eos_token, unk_token, pad_token } = config;
  for (const content of [
    bos_token,
    eos_token,
    unk_token,
    pad_token,
    ...(config.additional_special_tokens ?? []),
  ]) {
    const id = content == null ? undefined : vocabulary.get(content);
    if (content != null && id !== undefined) add(plainAddedToken(id, content, true));
  }
  return [...found.values()];
}

/** merges.txt: perhaps a comment in the first line, then a merge a line. */
export function splitMerges(text: string): string[][] {
  const lines = text.split(/\r?\n/).filter((line) => line !== '' && !line.startsWith('#version'));
  const merges = lines.map((line) => line.split(' '));
  const broken = merges.findIndex((parts) => parts.length !== 2);
  if (broken >= 0) throw new FormatError('merges.txt', `expected two parts for merge ${broken}`);
  return merges;
}
