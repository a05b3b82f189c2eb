import { type GgufValue, string, uint32 } from '../gguf/values.js';
import { cardItems, type CardValue, isMapping, type ModelCard } from './model-card.js';
import { parseModelName } from './model-name.js';

/** Keys of one entry under general.base_model.N and general.dataset.N, in llama.cpp's converter's order. */
const ENTRY_KEYS = [
  'name',
  'author',
  'version',
  'organization',
  'description',
  'url',
  'doi',
  'uuid',
  'repo_url',
] as const;

type Entry = Readonly<Partial<Record<(typeof ENTRY_KEYS)[number], string>>>;

/** Key in the file, and the card's entries that tell it, of which the first that is there counts. */
const LINEAGE: readonly (readonly [key: string, entries: readonly string[]])[] = [
  ['base_model', ['base_model', 'base_models', 'base_model_sources']],
  ['dataset', ['datasets', 'dataset', 'dataset_sources']],
];

const HUB = 'https://huggingface.co/';

/**
 * What a model was made from: general.base_model.* and general.dataset.*.
 *
 * @param parameters as for parseModelName
 */
export function lineageMetadata(card: ModelCard, parameters: number): Map<string, GgufValue> {
  const metadata = new Map<string, GgufValue>();
  for (const [key, names] of LINEAGE) {
    const name = names.find((candidate) => card.has(candidate));
    if (name === undefined) continue;
    const value = card.get(name);
    // One mapping is no list of ids; the reference counts none then, too.
    const items = isMapping(value) ? [] : cardItems(value);
    metadata.set(`general.${key}.count`, uint32(items.length));
    for (const [index, item] of items.entries()) {
      const entry = describe(item, parameters);
      for (const part of ENTRY_KEYS) {
        const text = entry[part];
        if (text !== undefined) metadata.set(`general.${key}.${index}.${part}`, string(text));
      }
    }
  }
  return metadata;
}

/** A Hugging Face id, the address of a repository, or entries that say it themselves. */
function describe(item: CardValue, parameters: number): Entry {
  if (typeof item === 'string') {
    if (!/^(https?|ssh):\/\//.test(item)) return fromId(item, parameters);
    const id = /^https?:\/\/huggingface.co\/([^/]+\/[^/]+)$/.exec(item)?.[1];
    return { ...(id === undefined ? {} : nameOf(id, parameters)), repo_url: item };
  }
  if (!isMapping(item)) return {};
  const texts = ENTRY_KEYS.flatMap((key) => {
    const value = item[key];
    return typeof value === 'string' ? [[key, value] as const] : [];
  });
  return Object.fromEntries(texts);
}

function fromId(id: string, parameters: number): Entry {
  const entry = nameOf(id, parameters);
  return entry.organization === undefined ? entry : { ...entry, repo_url: HUB + id };
}

function nameOf(id: string, parameters: number): Entry {
  const { name, organization, version } = parseModelName(id, parameters);
  return {
    ...(name === undefined ? {} : { name }),
    ...(version === undefined ? {} : { version }),
    ...(organization === undefined ? {} : { organization }),
  };
}
