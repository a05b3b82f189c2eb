import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

import { GlossaError } from '../errors.js';
import { suggestion } from '../nearest-name.js';
import {
  CACHE_ENV,
  CONFIG_FILE_ENV,
  ENV_PREFIX,
  OPTIONS,
  valueFromText,
  type OptionDescription,
} from './options.js';
import { ALPACA } from './chat-template.js';
import { parseAdapter } from './values.js';

/** Values of one source (flags, environment, file) before validation, and how messages name each of them. */
export interface ConfigSource {
  readonly values: ReadonlyMap<string, unknown>;
  readonly nameOf: (option: OptionDescription) => string;
}

/** What the command line gave, by option name: text, several texts, or a switch. */
export type FlagValues = Readonly<Record<string, string | readonly string[] | boolean>>;

const FILE_NAME = 'glossa.json';
const optionNames = OPTIONS.map((option) => option.name);

/** Flags; commander has refused unknown ones already. */
export function flagSource(flags: FlagValues, cwd: string): ConfigSource {
  const values = new Map<string, unknown>();
  for (const option of OPTIONS) {
    const given = flags[option.name];
    if (given === undefined) continue;
    const value = typeof given === 'boolean' ? given : textValue(option, given);
    values.set(option.name, absolutePaths(option, value, cwd));
  }
  return { values, nameOf: (option) => option.flag };
}

/**
 * Variables beginning with GLOSSA_; empty ones count as unset.
 *
 * @throws GlossaError CONFIG_INVALID for one that is not known
 */
export function environmentSource(env: NodeJS.ProcessEnv, cwd: string): ConfigSource {
  const settable = OPTIONS.filter((option) => option.meta.fileOnly !== true);
  const known = new Map(settable.map((option) => [option.env, option]));
  const values = new Map<string, unknown>();
  for (const [name, text] of Object.entries(env)) {
    if (!name.startsWith(ENV_PREFIX) || name === CONFIG_FILE_ENV || name === CACHE_ENV) continue;
    const option = known.get(name);
    if (option === undefined) {
      const hint = suggestion(name, [...known.keys(), CONFIG_FILE_ENV]);
      throw new GlossaError('CONFIG_INVALID', `unknown environment variable ${name}${hint}`);
    }
    if (text === undefined || text === '') continue;
    values.set(option.name, absolutePaths(option, textValue(option, text), cwd));
  }
  return { values, nameOf: (option) => option.env };
}

/**
 * The configuration file: the one named, or ./glossa.json if there is one.
 *
 * @throws GlossaError CONFIG_INVALID if it can't be read, is no JSON object, or holds an unknown key
 */
export function fileSource(named: string | undefined, cwd: string): ConfigSource {
  const path = resolve(cwd, named ?? FILE_NAME);
  const label = named ?? FILE_NAME;
  const text = readConfigFile(path, label, named !== undefined);
  const values = new Map<string, unknown>();
  if (text !== undefined) {
    const content = parseObject(text, label);
    for (const [name, value] of Object.entries(content)) {
      const option = OPTIONS.find((candidate) => candidate.name === name);
      if (option === undefined) {
        const hint = suggestion(name, optionNames);
        throw new GlossaError('CONFIG_INVALID', `unknown key ${name} in ${label}${hint}`);
      }
      values.set(name, absolutePaths(option, value, dirname(path)));
    }
  }
  return { values, nameOf: (option) => `${option.name} in ${label}` };
}

function textValue(option: OptionDescription, given: string | readonly string[]): unknown {
  if (typeof given === 'string') return valueFromText(option, given);
  // A repeated flag: lists of paths may hold commas, so each occurrence is one item there.
  return option.meta.path !== undefined ? given : given.flatMap((text) => valueFromText(option, text));
}

/** Paths made independent of the working directory; other values unchanged. */
function absolutePaths(option: OptionDescription, value: unknown, base: string): unknown {
  const absolute = (path: unknown): unknown =>
    typeof path === 'string' && path !== '' ? resolve(base, path) : path;
  if (option.meta.path === true) return Array.isArray(value) ? value.map(absolute) : absolute(value);
  if (option.meta.path === 'adapter') return withAdapterPaths(value, absolute);
  if (option.meta.path === 'template') return templatePath(value, absolute);
  if (option.name !== 'models' || typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([id, model]: [string, unknown]) => [
    id,
    withPaths(model, absolute),
  ]);
  return Object.fromEntries(entries) as unknown;
}

function withPaths(model: unknown, absolute: (path: unknown) => unknown): unknown {
  if (typeof model !== 'object' || model === null) return model;
  return {
    ...model,
    ...('path' in model && { path: absolute(model.path) }),
    ...('lora' in model && { lora: withAdapterPaths(model.lora, absolute) }),
    ...('chatTemplate' in model && { chatTemplate: templatePath(model.chatTemplate, absolute) }),
  };
}

function templatePath(value: unknown, absolute: (path: unknown) => unknown): unknown {
  return value === ALPACA ? value : absolute(value);
}

/** Adapters as objects, whether they were written so or as text. */
function withAdapterPaths(value: unknown, absolute: (path: unknown) => unknown): unknown {
  if (!Array.isArray(value)) return value;
  return value.map((item: unknown) => {
    const adapter = typeof item === 'string' ? parseAdapter(item) : item;
    if (typeof adapter !== 'object' || adapter === null || !('path' in adapter)) return adapter;
    return { ...adapter, path: absolute(adapter.path) };
  });
}

function readConfigFile(path: string, label: string, required: boolean): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' && !required) return undefined;
    const reason = code === 'ENOENT' ? 'does not exist' : `can't be read (${code ?? 'unknown error'})`;
    throw new GlossaError('CONFIG_INVALID', `configuration file ${label} ${reason}`, { cause });
  }
}

function parseObject(text: string, label: string): object {
  let content: unknown;
  try {
    content = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    // The parser's message quotes the file, which may hold keys.
    throw new GlossaError('CONFIG_INVALID', `configuration file ${label} is not valid JSON`);
  }
  if (typeof content === 'object' && content !== null && !Array.isArray(content)) return content;
  throw new GlossaError('CONFIG_INVALID', `configuration file ${label} must hold a JSON object`);
}
