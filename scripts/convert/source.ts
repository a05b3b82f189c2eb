import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { z } from 'zod';

import { GlossaError } from '../../src/errors.js';
import type { ModelConfig } from './architectures/architecture.js';
import type { Checkpoint } from './checkpoint.js';
import { FormatError } from './format-error.js';
import { type FetchOptions, localFolder } from './hub/snapshot.js';
import { parseJsonFile } from './json-file.js';
import { openPytorch } from './pytorch/reader.js';
import { openSafetensors } from './safetensors/reader.js';
import { openSharded } from './sharded.js';

type OpenFile = (path: string) => Promise<Checkpoint>;

/** Names of the weights, the first that is there being read, and how one such file is opened. */
const WEIGHTS: readonly (readonly [name: string, open: OpenFile])[] = [
  ['model.safetensors', openSafetensors],
  ['pytorch_model.bin', openPytorch],
];

/** An opened checkpoint folder. */
export interface Source {
  /** Absolute path of the folder. */
  readonly folder: string;
  readonly config: ModelConfig;
  readonly checkpoint: Checkpoint;
}

/**
 * Opens a Hugging Face checkpoint: config.json and the weights' headers.
 *
 * @param source a folder, or hf:owner/name[@revision], which is downloaded first
 * @throws GlossaError CONVERSION_FAILED if the source is no folder or cannot be downloaded
 * @throws FormatError if files are missing or malformed
 */
export async function openSource(source: string, options: FetchOptions = {}): Promise<Source> {
  const folder = await localFolder(source, options);
  const hint = HUB_NAME.test(source) ? `; a model on the hub is hf:${source}` : '';
  await checkFolder(folder, 'SOURCE', hint);
  const names = new Set(await readdir(folder));
  if (!names.has('config.json'))
    throw new FormatError('checkpoint', `there is no config.json in the folder${wayOut(names)}`);
  const config = await parseJsonFile(join(folder, 'config.json'), z.record(z.string(), z.unknown()));
  return { folder, config, checkpoint: await openCheckpoint(folder, names) };
}

/** What may be meant by a path where nothing is. */
const HUB_NAME = /^[\w-][\w.-]*\/[\w-][\w.-]*$/;

function wayOut(names: ReadonlySet<string>): string {
  if (!names.has('adapter_config.json')) return '';
  return ': it holds a PEFT adapter, which goes behind --lora, and the model it was trained on is SOURCE';
}

/**
 * Checks that a folder is there.
 *
 * @param hint what to add to the message where nothing is there
 * @throws GlossaError CONVERSION_FAILED if there is no such folder
 */
export async function checkFolder(path: string, parameter: string, hint = ''): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory() === true) return;
  const received = found === undefined ? 'a path where nothing is' : 'a file';
  throw new GlossaError(
    'CONVERSION_FAILED',
    `expected a folder for ${parameter}, received ${received}: ${basename(path)}${found === undefined ? hint : ''}`,
  );
}

function openCheckpoint(folder: string, names: ReadonlySet<string>): Promise<Checkpoint> {
  for (const [name, openFile] of WEIGHTS) {
    const index = `${name}.index.json`;
    if (names.has(index)) return openSharded(folder, index, openFile);
    if (names.has(name)) return openFile(join(folder, name));
  }
  const expected = WEIGHTS.map(([name]) => name).join(' nor ');
  throw new FormatError('checkpoint', `there is neither ${expected} nor an index of either in the folder`);
}
