import { join } from 'node:path';

import { z } from 'zod';

import { parseJsonFileIfPresent, readTextIfPresent } from '../json-file.js';

const tokenId = z.int().min(0).max(0x7fffffff);

const addedToken = z.looseObject({
  content: z.string(),
  special: z.boolean().default(false),
});

/** A part of the tokenizer that is told apart by its `type`. */
const component = z.looseObject({ type: z.string() });

const tokenizerSchema = z.looseObject({
  model: z.looseObject({
    // Old files leave it out.
    type: z.literal('BPE').default('BPE'),
    vocab: z.record(z.string(), tokenId),
    merges: z.array(z.union([z.string(), z.tuple([z.string(), z.string()])])).default([]),
    continuing_subword_prefix: z.literal('').nullish(),
    end_of_word_suffix: z.literal('').nullish(),
    byte_fallback: z.literal(false).nullish(),
    ignore_merges: z.literal(false).nullish(),
  }),
  added_tokens: z.array(addedToken.extend({ id: tokenId })).default([]),
  normalizer: component.nullish(),
  pre_tokenizer: component.nullish(),
  post_processor: component.nullish(),
});

const namedToken = z.union([
  z.string(),
  z.looseObject({ content: z.string() }).transform(({ content }) => content),
]);

const configSchema = z.looseObject({
  add_prefix_space: z.boolean().nullish(),
  added_tokens_decoder: z.record(z.string().regex(/^\d+$/), addedToken).default({}),
  additional_special_tokens: z.array(namedToken).nullish(),
  chat_template: z
    .union([z.string(), z.array(z.object({ name: z.string(), template: z.string() }))])
    .nullish(),
});

/** tokenizer.json of a byte-level BPE. */
export type TokenizerJson = z.output<typeof tokenizerSchema>;
/** tokenizer_config.json. */
export type TokenizerConfig = z.output<typeof configSchema>;
export type ChatTemplate = NonNullable<TokenizerConfig['chat_template']>;

/** The files that make up a byte-level BPE tokenizer. Either tokenizer.json or vocab.json is there. */
export interface TokenizerFiles {
  readonly tokenizer: TokenizerJson | undefined;
  readonly config: TokenizerConfig | undefined;
  /** vocab.json, read only without tokenizer.json. */
  readonly vocabulary: Readonly<Record<string, number>> | undefined;
  /** added_tokens.json, read only without tokenizer.json. */
  readonly addedTokens: Readonly<Record<string, number>>;
  /** merges.txt, read where tokenizer.json holds no merges. */
  readonly mergesText: string | undefined;
  readonly chatTemplate: ChatTemplate | undefined;
}

/**
 * Reads a tokenizer's files.
 *
 * @throws FormatError naming the file and the entry that is wrong or not supported
 */
export async function readTokenizerFiles(folder: string): Promise<TokenizerFiles> {
  const vocabularySchema = z.record(z.string(), tokenId);
  const tokenizer = await parseJsonFileIfPresent(join(folder, 'tokenizer.json'), tokenizerSchema);
  const config = await parseJsonFileIfPresent(join(folder, 'tokenizer_config.json'), configSchema);
  const separate = tokenizer === undefined;
  const vocabulary = separate
    ? await parseJsonFileIfPresent(join(folder, 'vocab.json'), vocabularySchema)
    : undefined;
  const addedTokens = separate
    ? await parseJsonFileIfPresent(join(folder, 'added_tokens.json'), vocabularySchema)
    : undefined;
  const mergesText =
    (tokenizer?.model.merges.length ?? 0) === 0
      ? await readTextIfPresent(join(folder, 'merges.txt'))
      : undefined;
  const chatTemplate =
    config?.chat_template ?? (await readTextIfPresent(join(folder, 'chat_template.jinja')));
  return { tokenizer, config, vocabulary, addedTokens: addedTokens ?? {}, mergesText, chatTemplate };
}

/** A named special token ("bos_token") of tokenizer_config.json as text, undefined if it names none. */
export function configToken(config: TokenizerConfig | undefined, name: string): string | undefined {
  const result = namedToken.safeParse(config?.[name]);
  return result.success ? result.data : undefined;
}
