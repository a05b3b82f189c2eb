import { basename, join } from 'node:path';

import { z } from 'zod';

import type { ModelConfig } from '../architectures/architecture.js';
import { float32, type GgufValue, int32, string, strings } from '../gguf/values.js';
import { parseJsonFileIfPresent } from '../json-file.js';
import { type ModelCard, readModelCard } from './model-card.js';
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
  ['mirostat', 'mirostat', 'int'],
  ['mirostat_tau', 'mirostat_tau', 'float'],
  ['mirostat_eta', 'mirostat_eta', 'float'],
];

/** Model card entries that name the model, in the order in which they win. */
const CARD_NAMES = ['name', 'model_name'];

/**
 * The `general.*` metadata that describes a model to people: recommended sampling, name and its parts,
 * size, licence, tags, languages. Keys, order and heuristics are those of llama.cpp's converter.
 *
 * @param folder the checkpoint's folder, absolute: its name is the last resort for the model's
 * @param parameters number of elements of all tensors
 */
export async function generalMetadata(
  folder: string,
  config: ModelConfig,
  parameters: number,
): Promise<Map<string, GgufValue>> {
  const generation = await parseJsonFileIfPresent(join(folder, 'generation_config.json'), generationSchema);
  const card = await readModelCard(folder);
  const metadata = new Map<string, GgufValue>();
  addSampling(metadata, generation ?? {});
  addNames(metadata, card, nameParts(folder, config, parameters), parameters);
  addLicence(metadata, card);
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
  const fromFolder = parseModelName(basename(folder), parameters);
  // More than one slash: a path on somebody's machine.
  if (typeof id !== 'string' || id === '' || id.split('/').length > 2) return fromFolder;
  return { ...fromFolder, ...parseModelName(id, parameters) };
}

function addNames(
  metadata: Map<string, GgufValue>,
  card: ModelCard,
  parts: NameParts,
  parameters: number,
): void {
  const cardName = CARD_NAMES.map((key) => card.get(key)).find((value) => typeof value === 'string');
  const texts: readonly (readonly [string, string | undefined])[] = [
    ['name', cardName ?? parts.name ?? 'model'],
    ['version', parts.version],
    ['organization', parts.organization],
    ['finetune', parts.finetune],
    ['basename', parts.basename],
    ['size_label', parts.sizeLabel ?? sizeLabel(parameters)],
  ];
  for (const [key, value] of texts) if (value !== undefined) metadata.set(`general.${key}`, string(value));
}

function addLicence(metadata: Map<string, GgufValue>, card: ModelCard): void {
  const licence = list(card, 'license').join(',');
  if (licence !== '') metadata.set('general.license', string(licence));
  for (const [entry, key] of [
    ['license_name', 'general.license.name'],
    ['license_link', 'general.license.link'],
  ] as const) {
    const [value] = list(card, entry);
    if (value !== undefined) metadata.set(key, string(value));
  }
  const tags = [...list(card, 'tags'), ...list(card, 'pipeline_tag')];
  const languages = [...list(card, 'languages'), ...list(card, 'language')];
  if (tags.length > 0) metadata.set('general.tags', strings(tags));
  if (languages.length > 0) metadata.set('general.languages', strings(languages));
}

function list(card: ModelCard, key: string): readonly string[] {
  const value = card.get(key);
  if (value === undefined) return [];
  return typeof value === 'string' ? [value] : value;
}
