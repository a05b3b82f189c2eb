import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { z } from 'zod';

import { type GgufValue, string, strings } from '../gguf/values.js';
import { parseJsonFileIfPresent, readText, readTextIfPresent } from '../json-file.js';

const KEY = 'tokenizer.chat_template';
const EXTENSION = '.jinja';

/** A Jinja template, or several named ones. */
export const chatTemplateSchema = z.union([
  z.string(),
  z.array(z.object({ name: z.string(), template: z.string() })),
]);
/** What it gives. */
export type ChatTemplate = z.output<typeof chatTemplateSchema>;

const fileSchema = z.looseObject({ chat_template: chatTemplateSchema.nullish() });

/**
 * The chat template outside of tokenizer_config.json: chat_template.jinja, with those in
 * additional_chat_templates/ by name, or chat_template.json; undefined if there is none.
 */
export async function readChatTemplate(folder: string): Promise<ChatTemplate | undefined> {
  const template = await readTextIfPresent(join(folder, `chat_template${EXTENSION}`));
  if (template === undefined) {
    const file = await parseJsonFileIfPresent(join(folder, 'chat_template.json'), fileSchema);
    return file?.chat_template ?? undefined;
  }
  const paths = await additionalTemplates(join(folder, 'additional_chat_templates'));
  if (paths.length === 0) return template;
  const named = await Promise.all(
    paths.map(async (path) => ({ name: basename(path, EXTENSION), template: await readText(path) })),
  );
  return [{ name: 'default', template }, ...named];
}

async function additionalTemplates(folder: string): Promise<string[]> {
  try {
    const names = await readdir(folder);
    return names
      .filter((name) => name.endsWith(EXTENSION))
      .sort()
      .map((name) => join(folder, name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** Metadata of a chat template (Jinja) or of several named ones, of which "default" is the plain one. */
export function chatTemplateMetadata(template: ChatTemplate | undefined): Map<string, GgufValue> {
  const metadata = new Map<string, GgufValue>();
  if (template === undefined || template === '') return metadata;
  if (typeof template === 'string') return metadata.set(KEY, string(template));
  const named = template.filter(({ name }) => name !== 'default' && name !== '');
  for (const { name, template: text } of named) metadata.set(`${KEY}.${keyPart(name)}`, string(text));
  if (named.length > 0)
    metadata.set('tokenizer.chat_templates', strings(named.map(({ name }) => keyPart(name))));
  const standard = template.find(({ name }) => name === 'default');
  if (standard !== undefined) metadata.set(KEY, string(standard.template));
  return metadata;
}

function keyPart(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9]/g, '_');
}
