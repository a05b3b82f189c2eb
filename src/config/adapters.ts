import { basename } from 'node:path';

import type { LoraAdapter } from '../engine/engine.js';
import { GlossaError } from '../errors.js';
import { suggestion } from '../nearest-name.js';
import { MODEL_SETTING_NAMES, type AdapterSettings, type ModelSettings } from './schema.js';

/** A model's id and its settings. */
export type ModelEntry = readonly [id: string, model: ModelSettings];

/**
 * The entries with the adapters of the general `lora` list put on the model `target`, and an entry of its own, on that
 * base, for every id that an adapter is to be served under.
 */
export function expandAdapters(
  entries: readonly ModelEntry[],
  general: readonly AdapterSettings[],
  target: string,
): ModelEntry[] {
  return entries.flatMap(([id, model]): ModelEntry[] => {
    const adapters = [...(model.lora ?? []), ...(id === target ? general : [])];
    const own = adapters.filter((adapter) => adapter.id === undefined);
    const names = [...new Set(adapters.flatMap((adapter) => adapter.id ?? []))];
    return [
      [id, { ...model, lora: own }],
      ...names.map((name): ModelEntry => {
        const lora = adapters.filter((adapter) => adapter.id === name);
        return [name, { base: id, lora: lora.map((adapter) => ({ ...adapter, id: undefined })) }];
      }),
    ];
  });
}

/**
 * An entry, its base, the base's base and so on; the last has weights of its own.
 *
 * @throws GlossaError CONFIG_INVALID if there is no such base, if bases form a circle, or if an entry with a base has
 *   settings that only the base can have
 */
export function lineage(entry: ModelEntry, entries: readonly ModelEntry[]): readonly ModelEntry[] {
  const line = [entry];
  for (let [id, model] = entry; model.base !== undefined; [id, model] = line.at(-1) ?? entry) {
    checkSharing(id, model, model.base);
    const base = entries.find(([name]) => name === model.base);
    if (base === undefined) {
      const hint = suggestion(
        model.base,
        entries.map(([name]) => name),
      );
      throw new GlossaError('CONFIG_INVALID', `models.${id}: no model has the id ${model.base}${hint}`);
    }
    if (line.includes(base)) {
      const circle = [...line, base].map(([name]) => name).join(', ');
      throw new GlossaError(
        'CONFIG_INVALID',
        `models.${entry[0]}: the bases lead back to the model: ${circle}`,
      );
    }
    line.push(base);
  }
  return line;
}

/** What a model with a base can have of its own all the same. */
const OWN_SETTINGS: readonly string[] = [
  'preload',
  'generation',
  'chatTemplate',
] satisfies (keyof ModelSettings)[];

/** What has a base runs in its base's process: there is nothing to set for it that the process is started with. */
function checkSharing(id: string, model: ModelSettings, base: string): void {
  const fixed = ['path', ...MODEL_SETTING_NAMES.filter((name) => !OWN_SETTINGS.includes(name))] as const;
  const given = fixed.find((name) => model[name] !== undefined);
  if (given === undefined) return;
  throw new GlossaError(
    'CONFIG_INVALID',
    `models.${id}: ${given} can't be set beside base; set it for ${base}`,
  );
}

/**
 * All adapters that an entry's requests are decoded with, those of its bases first.
 *
 * @throws GlossaError CONFIG_INVALID if one file is among them twice
 */
export function adaptersOf(line: readonly ModelEntry[]): LoraAdapter[] {
  const adapters = line.toReversed().flatMap(([, model]) => model.lora ?? []);
  const twice = adapters.find(({ path }, index) => adapters.findIndex((one) => one.path === path) < index);
  if (twice === undefined) return adapters.map(({ path, scale }) => ({ path, scale }));
  const [id] = line[0] ?? [''];
  throw new GlossaError(
    'CONFIG_INVALID',
    `models.${id}: adapter ${basename(twice.path)} appears twice in lora`,
  );
}

/** The different sets among several; the first stays the first. */
export function distinctSets(sets: readonly (readonly LoraAdapter[])[]): readonly (readonly LoraAdapter[])[] {
  return sets.filter((set, index) => indexOfSet(sets, set) === index);
}

/** Where a set of the same adapters and scales stands in a list; -1 if nowhere. */
export function indexOfSet(
  sets: readonly (readonly LoraAdapter[])[],
  wanted: readonly LoraAdapter[],
): number {
  return sets.findIndex((set) => JSON.stringify(set) === JSON.stringify(wanted));
}
