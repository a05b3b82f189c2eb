import { basename, join } from 'node:path';

import { cacheFault } from '../engine/cache-options.js';
import type { EngineOptions, LoraAdapter } from '../engine/engine.js';
import { GlossaError } from '../errors.js';
import type { GenerationDefaults } from '../generation/request.js';
import { suggestion } from '../nearest-name.js';
import {
  adaptersOf,
  distinctSets,
  expandAdapters,
  indexOfSet,
  lineage,
  type ModelEntry,
} from './adapters.js';
import { chatTemplateOf } from './chat-template.js';
import { generationOf } from './generation.js';
import type { ModelSettings, Settings } from './schema.js';

/** One model that can be served. */
export interface ModelDefinition {
  readonly id: string;
  readonly aliases: readonly string[];
  readonly preload: boolean;
  /** Id of the model whose engine it shares; absent if it has one of its own. */
  readonly base?: string;
  /** How to start its engine; of a model with a base, the base's. */
  readonly engine: EngineOptions;
  /** What its requests are decoded with, all together. */
  readonly lora: readonly LoraAdapter[];
  /** Where that stands in the engine's adapter sets. */
  readonly adapterSet: number;
  /** What its requests are generated with unless they say otherwise: its own, its bases', the server's. */
  readonly generation: GenerationDefaults;
  /** Text of the chat template that goes before its file's own; absent: none is set. */
  readonly chatTemplate?: string;
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
  'gpt-2',
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
 *   other, a chat template can't be used, a base is unknown or its own, or the default is unknown
 */
export function resolveModels(settings: Settings, environment: ModelEnvironment): ModelCatalogue {
  const configured = configuredEntries(settings);
  const target = findEntry(configured, settings.defaultModel) ?? configured[0];
  const entries = expandAdapters(configured, settings.lora, target[0]);
  const claimed = claimNames(entries);
  const families = entries.map((entry) => ({ entry, line: lineage(entry, entries) }));
  const engines = new Map<string, EngineOptions>();
  for (const [id, model] of entries) {
    if (model.base !== undefined) continue;
    const lines = families.map(({ line }) => line).filter((line) => line.at(-1)?.[0] === id);
    // The model's own set is the first, wherever the models that share it stand.
    const adapterSets = distinctSets(lines.toSorted((a, b) => a.length - b.length).map(adaptersOf));
    engines.set(id, { ...engineOptions(id, model, settings, environment), adapterSets });
  }
  const models = families.map(({ entry, line }) => define(entry, line, { claimed, settings, engines }));
  return { models, defaultModel: resolveDefault(models, settings.defaultModel) };
}

function configuredEntries(settings: Settings): [ModelEntry, ...ModelEntry[]] {
  const fromFlag = settings.model.map((path): ModelEntry => [idFromPath(path), { path }]);
  const [first, ...others]: ModelEntry[] = [...fromFlag, ...Object.entries(settings.models)];
  return first === undefined ? [[SHIPPED_MODEL_ID, {}]] : [first, ...others];
}

/** The entry of an id or alias. Those that were configured go before the shipped model's. */
function findEntry(entries: readonly ModelEntry[], name: string | undefined): ModelEntry | undefined {
  if (name === undefined) return undefined;
  const isNamed = ([id, model]: ModelEntry): boolean => id === name || model.aliases?.includes(name) === true;
  return entries.find(isNamed) ?? entries.find((entry) => isShipped(entry) && SHIPPED_ALIASES.includes(name));
}

function isShipped([id, model]: ModelEntry): boolean {
  return id === SHIPPED_MODEL_ID && model.path === undefined && model.base === undefined;
}

/** "models/tiny-q8_0.gguf" -> "tiny-q8_0"; of a file in parts, without the part's number. */
export function idFromPath(path: string): string {
  return basename(path)
    .replace(/\.gguf$/i, '')
    .replace(/-\d{5}-of-\d{5}$/, '');
}

/** Every configured id and alias; each may be claimed once. */
function claimNames(entries: readonly ModelEntry[]): ReadonlySet<string> {
  const claimed = new Set<string>();
  for (const name of entries.flatMap(([id, model]) => [id, ...(model.aliases ?? [])])) {
    if (claimed.has(name)) throw new GlossaError('CONFIG_INVALID', `two models claim the name ${name}`);
    claimed.add(name);
  }
  return claimed;
}

function define(
  entry: ModelEntry,
  line: readonly ModelEntry[],
  {
    claimed,
    settings,
    engines,
  }: { claimed: ReadonlySet<string>; settings: Settings; engines: ReadonlyMap<string, EngineOptions> },
): ModelDefinition {
  const [id, model] = entry;
  const engine = engines.get(line.at(-1)?.[0] ?? id);
  if (engine === undefined) throw new Error(`no engine for ${id}`);
  const chatTemplate = chatTemplateOf(line, settings.chatTemplate);
  const shippedAliases = isShipped(entry) ? SHIPPED_ALIASES.filter((alias) => !claimed.has(alias)) : [];
  const lora = adaptersOf(line);
  return {
    id,
    aliases: [...(model.aliases ?? []), ...shippedAliases],
    // What has a base is loaded with it, so only its own word counts.
    preload: model.preload ?? (model.base === undefined && settings.preload),
    ...(model.base !== undefined && { base: model.base }),
    engine,
    lora,
    adapterSet: indexOfSet(engine.adapterSets ?? [], lora),
    generation: generationOf(line, settings.generation),
    ...(chatTemplate !== undefined && { chatTemplate }),
  };
}

function engineOptions(
  id: string,
  model: ModelSettings,
  settings: Settings,
  environment: ModelEnvironment,
): EngineOptions {
  if (!isShipped([id, model]) && model.path === undefined)
    throw new GlossaError('CONFIG_INVALID', `models.${id}: path is missing`);
  const shippedPath = join(
    environment.packageRoot,
    'models',
    SHIPPED_MODEL_ID,
    `${SHIPPED_MODEL_ID}-q8_0.gguf`,
  );
  const threads = model.threads ?? settings.threads;
  const options: EngineOptions = {
    modelPath: model.path ?? shippedPath,
    contextSize: model.contextSize ?? settings.contextSize,
    parallelSequences: model.parallelSequences ?? settings.parallelSequences,
    threads: threads === 0 ? environment.physicalCores() : threads,
    gpu: settings.gpu,
    gpuLayers: model.gpuLayers ?? settings.gpuLayers,
    cacheRamBytes: model.cacheRam ?? settings.cacheRam,
    reproducible: model.reproducible ?? settings.reproducible,
    kvLayout: model.kvLayout ?? settings.kvLayout,
    kvCells: model.kvCells ?? settings.kvCells,
    beamCells: model.beamCells ?? settings.beamCells,
    kvType: model.kvType ?? settings.kvType,
    queueLimit: model.queueLimit ?? settings.queueLimit,
    queueTokens: model.queueTokens ?? settings.queueTokens,
  };
  const fault = cacheFault(options);
  if (fault !== undefined) throw new GlossaError('CONFIG_INVALID', `models.${id}: ${fault}`);
  return options;
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
