import { readdir } from 'node:fs/promises';

import { GlossaError } from '../../../src/errors.js';
import type { Source } from '../source.js';
import { type Adapter, openAdapter } from './adapter.js';
import { baseModel } from './base-model.js';
import { FormatError, quote } from '../format-error.js';
import { MergePlan } from './merge-plan.js';
import { type AddLowRank, MergedCheckpoint } from './merged-checkpoint.js';

/** An adapter to merge and how much of it. */
export interface AdapterChoice {
  /** A PEFT folder. */
  readonly folder: string;
  /** Multiplies what adapter_config.json says. 1 leaves it as it was trained. */
  readonly scale: number;
}

export interface MergeOptions {
  /** Something odd that does not stop the merge, in one line. */
  readonly onWarning?: ((message: string) => void) | undefined;
  /** Threads that convert and add values. Default: as many as there are cores. */
  readonly threads?: number | undefined;
  /** Default: the addon's. */
  readonly addLowRank?: AddLowRank | undefined;
}

/** A source with adapters merged into it. */
export interface MergedSource extends Source {
  /** Where the tokenizer is: with the last adapter that changed the vocabulary and has one, else with the base. */
  readonly tokenizer: string;
  /** Folders of the adapters, absolute: none of their files may be overwritten. */
  readonly adapterFolders: readonly string[];
}

/** Files of which a folder with a tokenizer has at least one. */
const TOKENIZER_FILES = ['tokenizer.json', 'tokenizer.model', 'vocab.json'];

/**
 * Merges PEFT adapters into a checkpoint, in the order given, each into the result of the former. Nothing but
 * headers is read now; a tensor is merged when it is read.
 *
 * @param source taken over: closed with the result, and if this throws
 * @throws GlossaError CONVERSION_FAILED if a folder or a scale cannot be used
 * @throws FormatError if an adapter is malformed, not supported or does not fit the base
 */
export async function mergeAdapters(
  source: Source,
  choices: readonly AdapterChoice[],
  options: MergeOptions = {},
): Promise<MergedSource> {
  const adapters: Adapter[] = [];
  try {
    for (const { folder, scale } of choices) {
      if (!Number.isFinite(scale))
        throw new GlossaError(
          'CONVERSION_FAILED',
          `expected a number for the adapter's scale, received ${scale}`,
        );
      const adapter = await openAdapter(folder);
      adapters.push(adapter);
      checkScale(adapter, scale);
    }
    return await merge(source, adapters, choices, options);
  } catch (error) {
    await Promise.all([source, ...adapters].map(({ checkpoint }) => checkpoint.close()));
    throw error;
  }
}

/** A whole tensor cannot be added in part. */
function checkScale({ name, replacements }: Adapter, scale: number): void {
  const replacement = replacements.find(({ trained }) => trained);
  if (scale === 1 || replacement === undefined) return;
  throw new FormatError(
    'adapter',
    `expected scale 1 for ${quote(name)}, received ${scale}: it replaces ${quote(replacement.target)} as a whole`,
  );
}

async function merge(
  source: Source,
  adapters: readonly Adapter[],
  choices: readonly AdapterChoice[],
  options: MergeOptions,
): Promise<MergedSource> {
  const plan = new MergePlan(
    baseModel(source.config),
    source.checkpoint,
    options.onWarning ?? (() => undefined),
  );
  const vocabularySize = plan.vocabularySize;
  let tokenizer = source.folder;
  for (const [index, adapter] of adapters.entries()) {
    const before = plan.vocabularySize;
    plan.add(adapter, choices[index]?.scale ?? 1);
    if (plan.vocabularySize !== before && (await hasTokenizer(adapter.folder))) tokenizer = adapter.folder;
  }
  const config = {
    ...source.config,
    ...(plan.vocabularySize === vocabularySize ? {} : { vocab_size: plan.vocabularySize }),
    ...(plan.untied ? { tie_word_embeddings: false } : {}),
  };
  const checkpoint = new MergedCheckpoint(
    source.checkpoint,
    adapters.map((adapter) => adapter.checkpoint),
    plan.tensors,
    { addLowRank: options.addLowRank ?? (await loadAddLowRank()), threads: options.threads },
  );
  const adapterFolders = adapters.map(({ folder }) => folder);
  return { ...source, config, checkpoint, tokenizer, adapterFolders };
}

/** Whether a folder has a tokenizer's files. */
export async function hasTokenizer(folder: string): Promise<boolean> {
  const names = await readdir(folder);
  return TOKENIZER_FILES.some((name) => names.includes(name));
}

/** Only when it is needed: it loads the native addon. */
async function loadAddLowRank(): Promise<AddLowRank> {
  const { addLowRank } = await import('../../../src/engine/low-rank.js');
  return addLowRank;
}
