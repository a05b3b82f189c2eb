import { basename, join } from 'node:path';

import { z } from 'zod';

import type { ModelConfig } from '../architectures/architecture.js';
import { float32, type GgufValue, int32, string, strings } from '../gguf/values.js';
import { parseJsonFileIfPresent } from '../json-file.js';
import { lineageMetadata } from './lineage.js';
import { cardItems, cardText, type ModelCard, readModelCard } from './model-card.js';
import { type NameParts, parseModelName } from './model-name.js';
import { sizeLabel } from './size-label.js';

const generationSchema = z.record(z.string(), z.unknown());

/** generation_config.json's entries that recommend a way of sampling: key under general.sampling, and type. */
const SAMPLING: readonly (readonly [entry: string, key: string, kind: 'int' | 'float' | 'text'])[] = [
  ['sequence', 'sequence', 'text'],
  ['top_k', 'top_k', 'int'],
  ['top_p', 'top_p', 'float'],
  ['min_p', 'min_p', 'float'],
  ['xtc_probability', 'xtc_probability', 'float'],
  ['xtc_threshold', 'xtc_threshold', 'float'],
  ['temperature', 'temp', 'float'],
  ['penalty_last_n', 'penalty_last_n', 'int'],
  ['repetition_penalty', 'penalty_repeat', 'float'],
  // The same under llama.cpp's own name, which wins.
  ['penalty_repeat', 'penalty_repeat', 'float'],
  ['mirostat', 'mirostat', 'int'],
  ['mirostat_tau', 'mirostat_tau', 'float'],
  ['mirostat_eta', 'mirostat_eta', 'float'],
];

/** Texts of the model card: key under general, the card's entries in the order in which they win, and the part of
 * the model's name that stands in for them. */
const TEXTS: readonly (readonly [key: string, entries: readonly string[], part?: keyof NameParts])[] = [
  ['name', ['name', 'model_name'], 'name'],
  ['author', ['author', 'model_author', 'model_creator']],
  ['version', ['version', 'model_version'], 'version'],
  ['organization', ['organization', 'model_organization'], 'organization'],
  ['finetune', ['finetune', 'model_finetune'], 'finetune'],
  ['basename', ['basename', 'model_basename', 'model_type'], 'basename'],
  ['description', ['description', 'model_description']],
  ['size_label', ['size_label', 'model_size_label'], 'sizeLabel'],
];

/** The rest of them, which come after the licence. */
const SOURCE_TEXTS: readonly (readonly [key: string, entries: readonly string[]])[] = [
  ['license.name', ['license_name']],
  ['license.link', ['license_link']],
  ['source.url', ['url', 'model_url']],
  ['source.doi', ['doi', 'model_doi']],
  ['source.uuid', ['uuid', 'model_uuid']],
  ['source.repo_url', ['repo_url', 'model_repo_url']],
];

export interface GeneralOptions {
  /** Where generation_config.json is. Default: the folder. */
  readonly generationFolder?: string;
  /** Hears of a model card that can't be read, in one line. */
  readonly onWarning?: ((warning: string) => void) | undefined;
}

/**
 * The `general.*` metadata that describes a model to people: recommended sampling, name and its parts, size, licence,
 * what it was made from, tags, languages. Keys, order and heuristics are those of llama.cpp's converter
 * (gguf-py, `Metadata.load` and `set_gguf_meta_model`).
 *
 * @param folder the checkpoint's (or adapter's) folder, absolute: its name is the last resort for the model's
 * @param parameters number of elements of all tensors, negative for an adapter
 * @throws FormatError if generation_config.json cannot be read
 */
export async function generalMetadata(
  folder: string,
  config: ModelConfig,
  parameters: number,
  { generationFolder = folder, onWarning }: GeneralOptions = {},
): Promise<Map<string, GgufValue>> {
  const generationFile = join(generationFolder, 'generation_config.json');
  const generation = await parseJsonFileIfPresent(generationFile, generationSchema);
  const card = await readModelCard(folder, onWarning);
  // An adapter's number says nothing of its model's size.
  const size = parameters > 0 ? { sizeLabel: sizeLabel(parameters) } : {};
  const names: NameParts = { ...size, ...nameParts(folder, config, parameters) };
  const metadata = new Map<string, GgufValue>();
  addSampling(metadata, generation ?? {});
  for (const [key, entries, part] of TEXTS) {
    addText(metadata, key, cardText(card, ...entries) ?? (part === undefined ? undefined : names[part]));
  }
  addText(metadata, 'license', texts(card, 'license').join(','));
  for (const [key, entries] of SOURCE_TEXTS) addText(metadata, key, cardText(card, ...entries));
  for (const [key, value] of lineageMetadata(card, parameters)) metadata.set(key, value);
  addTexts(metadata, 'tags', texts(card, 'tags', 'pipeline_tag'));
  addTexts(metadata, 'languages', texts(card, 'languages', 'language'));
  return metadata;
}

function addSampling(metadata: Map<string, GgufValue>, generation: Readonly<Record<string, unknown>>): void {
  for (const [entry, key, kind] of SAMPLING) {
    const value = generation[entry];
    if (kind === 'text' && typeof value === 'string') metadata.set(`general.sampling.${key}`, string(value));
    if (typeof value !== 'number') continue;
    if (kind === 'int' && Number.isInteger(value)) metadata.set(`general.sampling.${key}`, int32(value));
    if (kind === 'float') metadata.set(`general.sampling.${key}`, float32(value));
  }
}

/** From the id the checkpoint was made under and, for what that leaves open, from its folder's name. */
function nameParts(folder: string, config: ModelConfig, parameters: number): NameParts {
  const { _name_or_path: id } = config;
  const fromFolder = { name: basename(folder), ...parseModelName(basename(folder), parameters) };
  // More than one slash: a path on somebody's machine.
  if (typeof id !== 'string' || id === '' || id.split('/').length > 2) return fromFolder;
  return { ...fromFolder, ...parseModelName(id, parameters) };
}

function addText(metadata: Map<string, GgufValue>, key: string, value: string | undefined): void {
  if (value !== undefined && value !== '') metadata.set(`general.${key}`, string(value));
}

function addTexts(metadata: Map<string, GgufValue>, key: string, values: readonly string[]): void {
  if (values.length > 0) metadata.set(`general.${key}`, strings(values));
}

/** The texts of some entries one after the other, whether they are lists or stand alone. */
function texts(card: ModelCard, ...keys: readonly string[]): string[] {
  return keys.flatMap((key) => cardItems(card.get(key))).filter((item) => typeof item === 'string');
}
