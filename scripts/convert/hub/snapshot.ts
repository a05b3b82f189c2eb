import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';

import { asConversionError } from '../failures.js';
import { type HubAddress, isHubAddress, parseHubAddress } from './address.js';
import { snapshotFolder } from './cache.js';
import { HubClient, type HubOptions } from './client.js';
import { downloadFile } from './download-file.js';
import { selectFiles } from './select.js';

/** How far a download is. */
export interface DownloadProgress {
  /** The file that is being fetched. */
  readonly file: string;
  /** Bytes that are there, those of earlier attempts included. */
  readonly bytes: number;
  /** Bytes of all files together. */
  readonly totalBytes: number;
}

export interface SnapshotOptions extends HubAddress, HubOptions {
  /** Where the files go. Default: in the cache, by model and commit. */
  readonly folder?: string | undefined;
  /** Fetch config.json and nothing else. Default false. */
  readonly configOnly?: boolean | undefined;
  readonly onProgress?: ((progress: DownloadProgress) => void) | undefined;
  /** For the place of the cache. Default: the process's. */
  readonly env?: NodeJS.ProcessEnv | undefined;
}

/**
 * Fetches those files of a model or adapter on the hub that a conversion reads. What is there already is kept,
 * what is there in part is continued, every checksum is compared.
 *
 * @returns the folder with the files
 * @throws GlossaError CONVERSION_FAILED, in one line, if the hub is not reachable or refuses, a checksum is wrong
 *   or the disk is full
 */
export async function downloadSnapshot(options: SnapshotOptions): Promise<string> {
  try {
    const client = new HubClient(options);
    const listing = await client.list(options);
    const folder = options.folder ?? snapshotFolder(listing.id, listing.commit, options.env ?? process.env);
    await mkdir(folder, { recursive: true });
    const trusted = options.folder === undefined;
    const files = selectFiles(listing.files).filter(
      ({ name }) => options.configOnly !== true || name === 'config.json',
    );
    const totalBytes = files.reduce((sum, { bytes }) => sum + bytes, 0);
    let before = 0;
    for (const file of files) {
      const onBytes = (bytes: number): void =>
        options.onProgress?.({ file: file.name, bytes: before + bytes, totalBytes });
      await downloadFile({ client, listing, file, folder, trusted, onBytes });
      before += file.bytes;
    }
    return folder;
  } catch (error) {
    throw asConversionError(error);
  }
}

/** What the environment says about the hub: HF_TOKEN or HUGGING_FACE_HUB_TOKEN, and HF_ENDPOINT; empty counts as unset. */
export function hubEnvironment(env: NodeJS.ProcessEnv): Pick<HubOptions, 'endpoint' | 'token'> {
  const first = (...names: readonly string[]): string | undefined =>
    names.map((name) => env[name]?.trim()).find((value) => value !== undefined && value !== '');
  return { endpoint: first('HF_ENDPOINT'), token: first('HF_TOKEN', 'HUGGING_FACE_HUB_TOKEN') };
}

/** Who hears of a download, and the environment it takes its settings from. */
export interface FetchOptions {
  /** Fetch config.json and nothing else. Default false. */
  readonly configOnly?: boolean | undefined;
  readonly onProgress?: ((progress: DownloadProgress) => void) | undefined;
  /** Default: the process's. */
  readonly env?: NodeJS.ProcessEnv | undefined;
}

/**
 * The folder that SOURCE, or an adapter, stands for: a path, made absolute, or hf:owner/name[@revision], which is
 * downloaded first.
 *
 * @throws GlossaError CONVERSION_FAILED if it cannot be downloaded
 */
export async function localFolder(source: string, options: FetchOptions = {}): Promise<string> {
  if (!isHubAddress(source)) return resolve(source);
  const env = options.env ?? process.env;
  return downloadSnapshot({ ...parseHubAddress(source), ...hubEnvironment(env), ...options, env });
}
