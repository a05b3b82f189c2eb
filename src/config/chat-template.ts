import { readFileSync } from 'node:fs';

import { ALPACA_TEMPLATE } from '../chat/alpaca-template.js';
import { compileTemplate } from '../chat/template/compile.js';
import { GlossaError } from '../errors.js';
import type { ModelEntry } from './adapters.js';

/** The template that needs no file. */
export const ALPACA = 'alpaca';

/**
 * The text of the chat template that is set for a model, for its bases, or for the server; undefined if none is.
 *
 * @param line the model, its base, the base's base and so on
 * @throws GlossaError CONFIG_INVALID if a file can't be read, or is no template
 */
export function chatTemplateOf(line: readonly ModelEntry[], general: string | undefined): string | undefined {
  const owner = line.find(([, { chatTemplate }]) => chatTemplate !== undefined);
  const setting = owner === undefined ? 'chatTemplate' : `models.${owner[0]}.chatTemplate`;
  const value = owner?.[1].chatTemplate ?? general;
  if (value === undefined) return undefined;
  const text = value === ALPACA ? ALPACA_TEMPLATE : readTemplate(value, setting);
  try {
    compileTemplate(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : 'it is no template';
    throw new GlossaError('CONFIG_INVALID', `${setting}: the template can't be used: ${reason}`, { cause });
  }
  return text;
}

function readTemplate(path: string, setting: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? 'does not exist' : `can't be read (${code ?? 'unknown error'})`;
    throw new GlossaError('CONFIG_INVALID', `${setting}: the file ${reason}`, { cause });
  }
}
