import { type GgufValue, string, strings } from '../gguf/values.js';
import type { ChatTemplate } from './files.js';

const KEY = 'tokenizer.chat_template';

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
