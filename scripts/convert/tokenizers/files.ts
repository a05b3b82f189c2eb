import { join } from 'node:path';

import { z } from 'zod';

import { parseJsonFileIfPresent } from '../json-file.js';
import { type ChatTemplate, chatTemplateSchema, readChatTemplate } from './chat-template.js';
import { tokenId } from './token-id.js';

const addedToken = z.looseObject({
  content: z.string(),
  special: z.boolean().default(false),
  normalized: z.boolean().optional(),
});

/** A part of the tokenizer that is told apart by its `type`. */
const component = z.looseObject({ type: z.string() });

const tokenizerSchema = z.looseObject({
  // Old files leave the type out. The rest is read where the type is known.
  model: z.looseObject({ type: z.string().default('BPE') }),
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
  added_tokens_decoder: z.record(z.string().regex(/^(0|[1-9]\d*)$/), addedToken).default({}),
  additional_special_tokens: z.array(namedToken).nullish(),
  // What transformers 5 calls them; some models' own tokens have names.
  extra_special_tokens: z
    .union([z.array(namedToken), z.record(z.string(), namedToken).transform(Object.values<string>)])
    .nullish(),
  chat_template: chatTemplateSchema.nullish(),
  tokenizer_class: z.string().nullish(),
});

/** tokenizer.json, its model not yet looked at. */
export type TokenizerJson = z.output<typeof tokenizerSchema>;
/** A normalizer, pre-tokenizer or post-processor of tokenizer.json. */
export type Component = z.output<typeof component>;
/** tokenizer_config.json. */
export type TokenizerConfig = z.output<typeof configSchema>;

/** What the files beside the vocabulary say. */
export interface TokenizerFiles {
  readonly tokenizer: TokenizerJson | undefined;
  readonly config: TokenizerConfig | undefined;
  readonly chatTemplate: ChatTemplate | undefined;
}

/**
 * Reads tokenizer.json, tokenizer_config.json and the chat template, each if it is there.
 *
 * @param templateFolders folders whose chat template goes before that of `folder`; the first that has one wins
 * @throws FormatError naming the file and the entry that is wrong
 */
export async function readTokenizerFiles(
  folder: string,
  templateFolders: readonly string[] = [],
): Promise<TokenizerFiles> {
  const tokenizer = await parseJsonFileIfPresent(join(folder, 'tokenizer.json'), tokenizerSchema);
  const config = await readConfig(folder);
  for (const other of templateFolders) {
    const chatTemplate = await templateOf(other, await readConfig(other));
    if (chatTemplate !== undefined) return { tokenizer, config, chatTemplate };
  }
  return { tokenizer, config, chatTemplate: await templateOf(folder, config) };
}

function readConfig(folder: string): Promise<TokenizerConfig | undefined> {
  return parseJsonFileIfPresent(join(folder, 'tokenizer_config.json'), configSchema);
}

async function templateOf(
  folder: string,
  config: TokenizerConfig | undefined,
): Promise<ChatTemplate | undefined> {
  return config?.chat_template ?? (await readChatTemplate(folder));
}

/** A named special token ("bos_token") of tokenizer_config.json as text, undefined if it names none. */
export function configToken(config: TokenizerConfig | undefined, name: string): string | undefined {
  const result = namedToken.safeParse(config?.[name]);
  return result.success ? result.data : undefined;
}

/**
 * The steps of a normalizer or pre-tokenizer, sequences taken apart.
 *
 * @param list the entry that a sequence has its steps in
 */
export function componentSteps(
  value: Component | null | undefined,
  list: 'normalizers' | 'pretokenizers',
): readonly Component[] {
  if (value == null) return [];
  const steps = value[list];
  if (value.type !== 'Sequence' || !Array.isArray(steps)) return [value];
  return (steps as readonly Component[]).flatMap((step) => componentSteps(step, list));
}
