import { createHash } from 'node:crypto';
import { mkdir, readdir, realpath, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';

import { convertCheckpoint } from '../../scripts/convert/convert.js';
import { asConversionError } from '../../scripts/convert/failures.js';
import { fetching } from '../../scripts/convert/fetching.js';
import { isHubAddress } from '../../scripts/convert/hub/address.js';
import { cacheFolder } from '../../scripts/convert/hub/cache.js';
import { localFolder } from '../../scripts/convert/hub/snapshot.js';
import { hasTokenizer } from '../../scripts/convert/lora/merge.js';
import { progressPrinter, type ProgressStream } from '../../scripts/convert/progress.js';
import { GlossaError } from '../errors.js';
import { packageVersion } from '../package-version.js';

/** A model as the flags of --compat alpaca describe it. */
export interface WantedModel {
  /** Checkpoint folder, hf:owner/name, or GGUF file. */
  readonly baseModel: string;
  /** PEFT folder, hf:owner/name, or owner/name where no such path is. */
  readonly loraModel?: string | undefined;
  readonly tokenizerPath?: string | undefined;
  /** Q8_0 instead of F16. */
  readonly in8Bit: boolean;
  /** For the places of the cache and the hub. */
  readonly env: NodeJS.ProcessEnv;
  /** Where progress is shown; default: standard error. */
  readonly err?: ProgressStream;
}

/** What a conversion reads. */
interface Sources {
  readonly base: string;
  readonly lora?: string | undefined;
  readonly tokenizer?: string | undefined;
}

/**
 * The GGUF file of a model. A checkpoint is converted, an adapter merged into it, when it is first asked for; the file
 * is kept in the cache and used again as long as what it was made from has the same files, sizes and times.
 *
 * @returns its absolute path
 * @throws GlossaError CONFIG_INVALID, naming the flag that can't be used; CONVERSION_FAILED
 */
export async function prepareModel(wanted: WantedModel): Promise<string> {
  const { baseModel, in8Bit, env, err = process.stderr } = wanted;
  if (await isFile(baseModel)) return ggufFile(wanted, err);
  const progress = progressPrinter(err);
  try {
    const listeners = {
      onProgress: progress.show,
      onWarning: (message: string) => {
        progress.end();
        err.write(`warning: ${message}\n`);
      },
    };
    const sources = await findSources(wanted, { ...fetching(listeners), env });
    const outtype = in8Bit ? 'q8_0' : 'f16';
    const folder = join(cacheFolder(env), 'compat', await identityOf(sources, outtype));
    const name = basename(sources.lora ?? sources.base);
    const outfile = join(folder, `${name}-${outtype}.gguf`);
    if (await isFile(outfile)) {
      err.write(`${name} was converted before; using the file in the cache\n`);
      return outfile;
    }
    err.write(`converting ${name} to ${outtype}, once\n`);
    await mkdir(folder, { recursive: true });
    const { base: source, lora, tokenizer } = sources;
    const adapters = lora === undefined ? [] : [{ folder: lora, scale: 1 }];
    await convertCheckpoint({ source, adapters, tokenizer, outtype, outfile, ...listeners });
    return outfile;
  } catch (error) {
    throw asConversionError(error);
  } finally {
    progress.end();
  }
}

function ggufFile({ baseModel, loraModel, tokenizerPath, in8Bit }: WantedModel, err: ProgressStream): string {
  if (loraModel !== undefined)
    throw unusable(
      '--lora_model',
      'a GGUF file as --base_model takes no PEFT adapter: give the folder of the checkpoint that the file was made from, or convert the adapter with glossa convert --lora-only and add it with --lora',
    );
  if (tokenizerPath !== undefined)
    throw unusable(
      '--tokenizer_path',
      'a GGUF file as --base_model has its tokenizer in it; remove the flag',
    );
  if (in8Bit) err.write('warning: --load_in_8bit changes nothing: a GGUF file is served as it is\n');
  return resolve(baseModel);
}

/** Folders of everything; what is on the hub is downloaded. */
async function findSources(
  { baseModel, loraModel, tokenizerPath }: WantedModel,
  options: Parameters<typeof localFolder>[1],
): Promise<Sources> {
  const find = async (flag: string, source: string): Promise<string> => {
    const folder = await localFolder(source, options);
    if (await isFolder(folder)) return folder;
    throw unusable(flag, `expected a folder or hf:owner/name, received neither: ${basename(source)}`);
  };
  const base = await find('--base_model', baseModel);
  const lora =
    loraModel === undefined ? undefined : await find('--lora_model', await adapterAddress(loraModel));
  if (tokenizerPath !== undefined)
    return { base, lora, tokenizer: await find('--tokenizer_path', tokenizerPath) };
  return { base, lora, tokenizer: lora !== undefined && (await hasTokenizer(lora)) ? lora : undefined };
}

/** An adapter may be named as the hub names it, without a prefix; a path goes before that. */
async function adapterAddress(given: string): Promise<string> {
  const isName = /^\w[\w.-]*\/\w[\w.-]*$/.test(given);
  return isName && !isHubAddress(given) && !(await isFolder(given)) ? `hf:${given}` : given;
}

/** Stands for all that decides over a converted file: which files it is made from, and how. */
async function identityOf(sources: Sources, outtype: string): Promise<string> {
  const folders = await Promise.all(
    [sources.base, sources.lora, sources.tokenizer].map(async (folder) =>
      folder === undefined ? null : { folder: await realpath(folder), files: await filesOf(folder) },
    ),
  );
  const identity = JSON.stringify([packageVersion(), outtype, folders]);
  return createHash('sha256').update(identity).digest('hex').slice(0, 32);
}

/** Files that a conversion may read: all but the results of others. */
async function filesOf(folder: string): Promise<(readonly [name: string, bytes: number, ms: number])[]> {
  const names = (await readdir(folder)).filter((name) => !name.startsWith('.') && !name.endsWith('.gguf'));
  return await Promise.all(
    names.sort().map(async (name) => {
      const { size, mtimeMs } = await stat(join(folder, name));
      return [name, size, mtimeMs] as const;
    }),
  );
}

async function isFile(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found?.isFile() === true;
}

async function isFolder(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found?.isDirectory() === true;
}

function unusable(flag: string, reason: string): GlossaError {
  return new GlossaError('CONFIG_INVALID', `${flag}: ${reason}`);
}
