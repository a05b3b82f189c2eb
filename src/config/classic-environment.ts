import { resolve } from 'node:path';
import type { z } from 'zod';

import { GlossaError } from '../errors.js';
import { firstProblem } from '../schema-issues.js';
import { generateDefaultsSchema, type GenerateDefaults } from './generate-defaults.js';
import { settingsSchema, type SettingName } from './schema.js';
import type { ConfigSource } from './sources.js';

/** How the variables of the llm-inference server name what the generate API decodes with. */
const GENERATE_VARIABLES: Readonly<Record<string, keyof GenerateDefaults>> = {
  MODEL_DEFAULT_NUM_BEAMS: 'num_beams',
  MODEL_DEFAULT_DO_SAMPLE: 'do_sample',
  MODEL_DEFAULT_TEMPERATURE: 'temperature',
  MODEL_DEFAULT_TOP_P: 'top_p',
  MODEL_DEFAULT_TOP_K: 'top_k',
  MODEL_DEFAULT_MAX_NEW_TOKENS: 'max_new_tokens',
  MODEL_DEFAULT_REPETITION_PENALTY: 'repetition_penalty',
  MODEL_DEFAULT_LENGTH_PENALTY: 'length_penalty',
  MODEL_SEED: 'seed',
};

/** Its other ones. */
const SETTING_VARIABLES: Readonly<Record<string, SettingName>> = {
  MAX_CACHE_SIZE: 'continuationLimit',
  MAX_CACHE_TTL: 'continuationTtl',
  SERVER_HOST: 'host',
  SERVER_PORT: 'port',
  MODEL_PATH: 'model',
};

/** The source that has the least say, and the variables that have one. */
export interface ClassicSource {
  readonly source: ConfigSource;
  /** Names of the variables that were read. */
  readonly used: readonly string[];
}

/**
 * What the variables of the original llm-inference server set where no other source does; empty ones count as unset.
 * Their names are common ones: a variable that another source overrides is not looked at. `MODEL_PATH` is overridden by
 * any model that is configured.
 *
 * @throws GlossaError CONFIG_INVALID, naming the variable whose value is wrong
 */
export function classicSource(
  env: NodeJS.ProcessEnv,
  cwd: string,
  others: readonly ConfigSource[],
): ClassicSource {
  const values = new Map<string, unknown>();
  const used: string[] = [];
  const defaults = generateDefaults(env, others);
  if (defaults.used.length > 0) {
    values.set('generateDefaults', defaults.values);
    used.push(...defaults.used);
  }
  const isSet = (name: string): boolean => others.some((other) => other.values.has(name));
  for (const [variable, name] of Object.entries(SETTING_VARIABLES)) {
    const text = env[variable] ?? '';
    if (text === '' || isSet(name) || (name === 'model' && isSet('models'))) continue;
    const value = settingValue(name, text, cwd);
    check(variable, settingsSchema.shape[name], value);
    values.set(name, value);
    used.push(variable);
  }
  return { source: { values, nameOf: (option) => option.name }, used };
}

function generateDefaults(
  env: NodeJS.ProcessEnv,
  others: readonly ConfigSource[],
): { values: Record<string, unknown>; used: string[] } {
  const set = others.map((other) => other.values.get('generateDefaults'));
  const values: Record<string, unknown> = {};
  const used: string[] = [];
  for (const [variable, name] of Object.entries(GENERATE_VARIABLES)) {
    const text = env[variable] ?? '';
    const isSet = set.some((value) => typeof value === 'object' && value !== null && name in value);
    if (text === '' || isSet) continue;
    values[name] = name === 'do_sample' ? switchValue(text) : numberValue(text);
    check(variable, generateDefaultsSchema.shape[name], values[name]);
    used.push(variable);
  }
  return { values, used };
}

function settingValue(name: SettingName, text: string, cwd: string): unknown {
  if (name === 'model') return [resolve(cwd, text)];
  return name === 'host' ? text : numberValue(text);
}

/** Text that is no number stays text, for the schema to refuse. */
function numberValue(text: string): unknown {
  const trimmed = text.trim();
  return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(trimmed) ? Number(trimmed) : text;
}

function switchValue(text: string): unknown {
  const trimmed = text.trim();
  if (/^(true|1|yes|on)$/i.test(trimmed)) return true;
  return /^(false|0|no|off)$/i.test(trimmed) ? false : text;
}

function check(variable: string, schema: z.ZodType, value: unknown): void {
  const result = schema.safeParse(value);
  if (!result.success)
    throw new GlossaError('CONFIG_INVALID', `${variable}: ${firstProblem(result.error).message}`);
}
