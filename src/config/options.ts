import type { z } from 'zod';

import { optionMeta, settingsSchema, type OptionMeta, type SettingName } from './schema.js';

type Kind = 'integer' | 'boolean' | 'list' | 'size' | 'choice' | 'text' | 'record';

/** One option in all its spellings, derived from the schema. */
export interface OptionDescription {
  /** As in the file: cacheRam. */
  readonly name: SettingName;
  /** As on the command line: --cache-ram. */
  readonly flag: string;
  /** As in the environment: GLOSSA_CACHE_RAM. */
  readonly env: string;
  readonly kind: Kind;
  /** Values of a choice. */
  readonly choices: readonly string[];
  /** Undefined if there is none. */
  readonly defaultValue: unknown;
  readonly meta: OptionMeta;
}

/** Environment variables beginning with this are ours. */
export const ENV_PREFIX = 'GLOSSA_';
/** Names the configuration file; the flag is --config. */
export const CONFIG_FILE_ENV = 'GLOSSA_CONFIG';
/** Names the folder of what `glossa convert` downloads; no option of the server. */
export const CACHE_ENV = 'GLOSSA_CACHE';

/** All options, in the schema's order. */
export const OPTIONS: readonly OptionDescription[] = Object.entries(settingsSchema.shape).map(
  ([name, schema]) => describe(name as SettingName, schema),
);

/**
 * The value that a flag's or a variable's text stands for. Text that doesn't fit is returned as it is: the
 * schema then refuses it with the type it expected.
 */
export function valueFromText(option: OptionDescription, text: string): unknown {
  switch (option.kind) {
    case 'integer':
      return /^[-+]?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
    case 'boolean':
      if (/^(true|1|yes|on)$/i.test(text)) return true;
      return /^(false|0|no|off)$/i.test(text) ? false : text;
    case 'list':
      return text.split(',').flatMap((item) => (item.trim() === '' ? [] : [item.trim()]));
    default:
      return text;
  }
}

function describe(name: SettingName, schema: z.core.$ZodType): OptionDescription {
  const words = name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  const layers = unwrap(schema);
  const inner = layers.at(-1) ?? schema;
  const meta = layers.map((layer) => optionMeta.get(layer)).find((found) => found !== undefined);
  if (meta === undefined) throw new Error(`option ${name} has no description`);
  return {
    name,
    flag: `--${words}`,
    env: `${ENV_PREFIX}${words.replaceAll('-', '_').toUpperCase()}`,
    kind: kindOf(inner),
    choices: choicesOf(inner),
    defaultValue: defaultOf(layers),
    meta,
  };
}

/** A schema and what it wraps, from the outside in. */
function unwrap(schema: z.core.$ZodType): z.core.$ZodType[] {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  if (def.type === 'default' || def.type === 'prefault' || def.type === 'optional') {
    return [schema, ...unwrap(def.innerType)];
  }
  return [schema];
}

function defaultOf(layers: readonly z.core.$ZodType[]): unknown {
  for (const layer of layers) {
    const { def } = (layer as z.core.$ZodTypes)._zod;
    if (def.type === 'default' || def.type === 'prefault') return def.defaultValue;
  }
  return undefined;
}

function kindOf(schema: z.core.$ZodType): Kind {
  switch ((schema as z.core.$ZodTypes)._zod.def.type) {
    case 'number':
      return 'integer';
    case 'boolean':
      return 'boolean';
    case 'array':
      return 'list';
    case 'pipe':
      return 'size';
    case 'enum':
      return 'choice';
    case 'record':
    case 'object':
      return 'record';
    default:
      return 'text';
  }
}

function choicesOf(schema: z.core.$ZodType): string[] {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  return def.type === 'enum' ? Object.values(def.entries).map(String) : [];
}
