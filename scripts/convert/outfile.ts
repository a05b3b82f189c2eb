import { readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';

import { GlossaError } from '../../src/errors.js';
import { isHubAddress } from './hub/address.js';
import { checkFolder } from './source.js';

/**
 * Where the converted file goes.
 *
 * @param wanted a file, or a folder that gets the default name
 * @param defaultName e.g. "model-q8_0.gguf"
 * @param inputs folders none of whose files may be overwritten, GGUF files excepted
 * @throws GlossaError CONVERSION_FAILED if the place cannot be used
 */
export async function resolveOutfile(
  wanted: string,
  defaultName: string,
  inputs: readonly string[],
): Promise<string> {
  const absolute = resolve(wanted);
  const found = await stat(absolute).catch(() => undefined);
  if (found === undefined && /[/\\]$/.test(wanted)) await checkFolder(absolute, '--outfile');
  const path = found?.isDirectory() === true ? join(absolute, defaultName) : absolute;
  await checkFolder(resolve(path, '..'), 'the place of --outfile');
  await refuseInput(path, inputs);
  return path;
}

/** Where a result goes unless it is said: to the folder it is made from, never into the cache of what the hub has. */
export function homeOf(source: string): string {
  return isHubAddress(source) ? process.cwd() : resolve(source);
}

/** By device and inode, so that links of either kind are seen through. */
async function refuseInput(path: string, inputs: readonly string[]): Promise<void> {
  const target = await stat(path).catch(() => undefined);
  if (target === undefined) return;
  if (!target.isFile()) {
    throw new GlossaError('CONVERSION_FAILED', `expected a file for --outfile, received ${basename(path)}`);
  }
  for (const folder of inputs) {
    for (const name of await readdir(folder)) {
      if (name.endsWith('.gguf')) continue;
      const input = await stat(join(folder, name)).catch(() => undefined);
      if (input?.ino !== target.ino || input.dev !== target.dev) continue;
      throw new GlossaError('CONVERSION_FAILED', `--outfile would overwrite ${name} of the checkpoint`);
    }
  }
}
