import { resolve } from 'node:path';

import { GlossaError } from '../errors.js';
import { generationParametersSchema } from '../generation/request-fields.js';
import { suggestion } from '../nearest-name.js';
import { firstProblem } from '../schema-issues.js';
import { apiKeySchema, resolveApiKeys, type ApiKey } from './api-keys.js';
import { classicSource } from './classic-environment.js';
import { isLoopback } from './loopback.js';
import { resolveModels, type ModelCatalogue, type ModelEnvironment } from './models.js';
import { CONFIG_FILE_ENV, OPTIONS } from './options.js';
import { adapterSchema, modelSchema, settingsSchema, type Settings } from './schema.js';
import { environmentSource, fileSource, flagSource, type ConfigSource, type FlagValues } from './sources.js';

/** Keys of what the settings hold in lists and records. */
const ENTRY_KEYS = [modelSchema, adapterSchema, apiKeySchema, generationParametersSchema].flatMap(
  ({ shape }) => Object.keys(shape),
);

/** All that a server needs to know at start. */
export interface Configuration {
  readonly settings: Settings;
  readonly catalogue: ModelCatalogue;
  /** From the settings and from the key file. */
  readonly apiKeys: readonly ApiKey[];
  /** Variables of the llm-inference server that some of the settings come from. */
  readonly classicVariables: readonly string[];
}

/** Where configuration comes from. */
export interface ConfigInputs extends ModelEnvironment {
  readonly flags: FlagValues;
  /** Value of --config. */
  readonly configFile?: string | undefined;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
}

/**
 * The configuration from flags, environment, file, the llm-inference server's environment and defaults, the earlier
 * before the later.
 *
 * @throws GlossaError CONFIG_INVALID, naming the flag, the variable or the key that is wrong
 */
export function loadConfiguration(inputs: ConfigInputs): Configuration {
  const named =
    inputs.configFile ?? (inputs.env[CONFIG_FILE_ENV] === '' ? undefined : inputs.env[CONFIG_FILE_ENV]);
  const sources = [
    flagSource(inputs.flags, inputs.cwd),
    environmentSource(inputs.env, inputs.cwd),
    fileSource(named, inputs.cwd),
  ];
  const classic = classicSource(inputs.env, inputs.cwd, sources);
  const settings = parseSettings([...sources, classic.source]);
  const catalogue = resolveModels(settings, inputs);
  const keyFile = settings.apiKeyFile === undefined ? undefined : resolve(inputs.cwd, settings.apiKeyFile);
  const apiKeys = resolveApiKeys(settings.apiKeys, keyFile, catalogue);
  checkExposure(settings, apiKeys);
  return { settings, catalogue, apiKeys, classicVariables: classic.used };
}

/**
 * One set of settings from several sources, the first that has a value winning; the keys of `generateDefaults` one by
 * one.
 */
export function parseSettings(sources: readonly ConfigSource[]): Settings {
  const merged: Record<string, unknown> = {};
  for (const option of OPTIONS) {
    const given = sources.flatMap(({ values }) => (values.has(option.name) ? [values.get(option.name)] : []));
    if (given.length > 0)
      merged[option.name] = option.name === 'generateDefaults' ? mergeKeys(given) : given[0];
  }
  const result = settingsSchema.safeParse(merged);
  if (result.success) return result.data;

  const problem = firstProblem(result.error);
  const [name, ...rest] = problem.path;
  const option = OPTIONS.find((candidate) => candidate.name === name);
  const source = sources.find((candidate) => candidate.values.has(String(name)));
  const label = option === undefined || source === undefined ? String(name) : source.nameOf(option);
  const where = rest.length === 0 ? label : `${label} (${rest.map(String).join('.')})`;
  const [unknown] = problem.unknownKeys;
  // What stands where a name should may be a key.
  const shown = name === 'apiKeys' ? '' : ` ${unknown ?? ''}`;
  const message =
    unknown === undefined ? problem.message : `unknown key${shown}${suggestion(unknown, ENTRY_KEYS)}`;
  throw new GlossaError('CONFIG_INVALID', `${where}: ${message}`);
}

/** Records as one, the earlier before the later; what is no record is left for the schema to refuse. */
function mergeKeys(records: readonly unknown[]): unknown {
  const fault = records.find(
    (record) => typeof record !== 'object' || record === null || Array.isArray(record),
  );
  return fault === undefined ? (Object.assign({}, ...records.toReversed()) as unknown) : fault;
}

/** Nobody should offer a computer to a whole network by mistake. */
function checkExposure(settings: Settings, apiKeys: readonly ApiKey[]): void {
  if (!settings.auth && apiKeys.length > 0) {
    throw new GlossaError(
      'CONFIG_INVALID',
      '--no-auth and API keys contradict each other; remove one of them',
    );
  }
  if (settings.auth && apiKeys.length === 0 && !isLoopback(settings.host)) {
    throw new GlossaError(
      'CONFIG_INVALID',
      `listening on ${settings.host} lets other machines in: configure apiKeys or apiKeyFile, or allow it with --no-auth`,
    );
  }
}
