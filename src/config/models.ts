import { basename, join } from 'node:path';

import type { EngineOptions } from '../engine/engine.js';
import { GlossaError } from '../errors.js';
import { suggestion } from '../nearest-name.js';
import type { ModelSettings, Settings } from './schema.js';

/** One model that can be served. */
export interface ModelDefinition {
  readonly id: string;
  readonly aliases: readonly string[];
  readonly preload: boolean;
  readonly engine: EngineOptions;
}

/** All models, and the id of the one that answers when a request names none. */
export interface ModelCatalogue {
  readonly models: readonly ModelDefinition[];
  readonly defaultModel: string;
}

/** Id of the model in models/ that needs no configuration. */
export const SHIPPED_MODEL_ID = 'glossa-tales';

/** Names that clients of the documented services ask for. */
const SHIPPED_ALIASES = [
  'small',
  'medium',
  'large',
  'xl',
  'gpt',
  'gpt2',
  'gpt2-medium',
  'gpt2-large',
  'gpt2-xl',
  'distilgpt2',
];

/** What the resolution of models needs besides the settings. */
export interface ModelEnvironment {
  /** Folder of this package. */
  readonly packageRoot: string;
  readonly physicalCores: () => number;
}

/**
 * The models that the settings ask for; the shipped one if they name none.
 *
 * @throws GlossaError CONFIG_INVALID if two models claim one name, a path is missing, options exclude each
 *   other, or the default is unknown
 */
export function resolveModels(settings: Settings, environment: ModelEnvironment): ModelCatalogue {
  const fromFlag = settings.model.map((path): [string, ModelSettings] => [idFromPath(path), { path }]);
  const configured = [...fromFlag, ...Object.entries(settings.models)];
  const entries =
    configured.length > 0 ? configured : [[SHIPPED_MODEL_ID, {}] satisfies [string, ModelSettings]];
  const claimed = claimNames(entries);
  const models = entries.map(([id, model]) => define(id, model, claimed, settings, environment));
  return { models, defaultModel: resolveDefault(models, settings.defaultModel) };
}

/** "models/tiny-q8_0.gguf" -> "tiny-q8_0"; of a file in parts, without the part's number. */
export function idFromPath(path: string): string {
  return basename(path)
    .replace(/\.gguf$/i, '')
    .replace(/-\d{5}-of-\d{5}$/, '');
}

/** Every configured id and alias; each may be claimed once. */
function claimNames(entries: readonly [string, ModelSettings][]): ReadonlySet<string> {
  const claimed = new Set<string>();
  for (const name of entries.flatMap(([id, model]) => [id, ...(model.aliases ?? [])])) {
    if (claimed.has(name)) throw new GlossaError('CONFIG_INVALID', `two models claim the name ${name}`);
    claimed.add(name);
  }
  return claimed;
}

function define(
  id: string,
  model: ModelSettings,
  claimed: ReadonlySet<string>,
  settings: Settings,
  environment: ModelEnvironment,
): ModelDefinition {
  const shipped = id === SHIPPED_MODEL_ID && model.path === undefined;
  if (!shipped && model.path === undefined)
    throw new GlossaError('CONFIG_INVALID', `models.${id}: path is missing`);
  const shippedPath = join(
    environment.packageRoot,
    'models',
    SHIPPED_MODEL_ID,
    `${SHIPPED_MODEL_ID}-q8_0.gguf`,
  );
  const shippedAliases = shipped ? SHIPPED_ALIASES.filter((alias) => !claimed.has(alias)) : [];
  const threads = model.threads ?? settings.threads;
  const reproducible = model.reproducible ?? settings.reproducible;
  const kvLayout = model.kvLayout ?? settings.kvLayout;
  if (reproducible && kvLayout === 'unified')
    throw new GlossaError(
      'CONFIG_INVALID',
      `models.${id}: reproducible needs kvLayout split, received unified`,
    );
  const kvCells = model.kvCells ?? settings.kvCells;
  if (kvCells !== 0 && kvLayout === 'split')
    throw new GlossaError('CONFIG_INVALID', `models.${id}: kvCells needs kvLayout unified, received split`);
  return {
    id,
    aliases: [...(model.aliases ?? []), ...shippedAliases],
    preload: model.preload ?? settings.preload,
    engine: {
      modelPath: model.path ?? shippedPath,
      contextSize: model.contextSize ?? settings.contextSize,
      parallelSequences: model.parallelSequences ?? settings.parallelSequences,
      threads: threads === 0 ? environment.physicalCores() : threads,
      gpu: settings.gpu,
      gpuLayers: model.gpuLayers ?? settings.gpuLayers,
      cacheRamBytes: model.cacheRam ?? settings.cacheRam,
      reproducible,
      kvLayout,
      kvCells,
      queueLimit: model.queueLimit ?? settings.queueLimit,
    },
  };
}

function resolveDefault(models: readonly ModelDefinition[], wanted: string | undefined): string {
  const [first] = models;
  if (first === undefined) throw new GlossaError('CONFIG_INVALID', 'no model is configured');
  if (wanted === undefined) return first.id;
  const found = models.find((model) => model.id === wanted || model.aliases.includes(wanted));
  if (found !== undefined) return found.id;
  const names = models.flatMap((model) => [model.id, ...model.aliases]);
  throw new GlossaError(
    'CONFIG_INVALID',
    `defaultModel: no model is called ${wanted}${suggestion(wanted, names)}`,
  );
}
