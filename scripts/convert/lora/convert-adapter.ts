import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { z } from 'zod';

import type { ModelConfig } from '../architectures/architecture.js';
import { FormatError } from '../format-error.js';
import { asConversionError } from '../failures.js';
import { fetching } from '../fetching.js';
import { float32, type GgufValue, string, uint32 } from '../gguf/values.js';
import { parseJsonFileIfPresent } from '../json-file.js';
import { localFolder } from '../hub/snapshot.js';
import { generalMetadata } from '../metadata/general.js';
import { homeOf, resolveOutfile } from '../outfile.js';
import { QUANTIZATION_VERSION } from '../output-types.js';
import { checkFolder } from '../source.js';
import type { WriteOptions } from '../write-tensors.js';
import { type Adapter, openAdapter } from './adapter.js';
import { baseModel } from './base-model.js';
import { type AdapterOutputType, type AdapterTensor, planTensors, writeAdapter } from './runtime-file.js';
import { planRuntime, type RuntimePair } from './runtime-plan.js';
import { runtimeAlpha } from './scaling.js';

export interface ConvertAdapterOptions extends WriteOptions {
  /** A PEFT folder, or hf:owner/name[@revision] on the hub. */
  readonly adapter: string;
  /** The folder or address of the model it was trained on, of which only config.json is read. */
  readonly base: string;
  /** Default f32. */
  readonly outtype?: AdapterOutputType | undefined;
  /** A file, replaced if it exists, or a folder. Default: `<folder's name>-<outtype>.gguf` in the adapter's. */
  readonly outfile?: string | undefined;
  /** Check everything but the values and write nothing. Default false. */
  readonly dryRun?: boolean | undefined;
}

export interface AdapterConversionResult {
  /** Absolute path of the file, written or, in a dry run, to be written. */
  readonly outfile: string;
  readonly outtype: AdapterOutputType;
  /** llama.cpp's name of the base's architecture. */
  readonly architecture: string;
  readonly tensors: readonly AdapterTensor[];
  /** Size of the file; 0 in a dry run. */
  readonly bytes: number;
}

/**
 * Converts a PEFT adapter alone to a GGUF adapter, which llama.cpp adds to a model at run time. The file appears
 * under its name complete or not at all.
 *
 * @throws GlossaError CONVERSION_FAILED if the adapter is broken, does not fit the base or holds what cannot be
 *   added at run time, or a file cannot be read or written
 */
export async function convertAdapter(options: ConvertAdapterOptions): Promise<AdapterConversionResult> {
  try {
    const adapter = await openAdapter(await localFolder(options.adapter, fetching(options)));
    try {
      return await convertOpened(adapter, options);
    } finally {
      await adapter.checkpoint.close();
    }
  } catch (error) {
    throw asConversionError(error);
  }
}

async function convertOpened(
  adapter: Adapter,
  options: ConvertAdapterOptions,
): Promise<AdapterConversionResult> {
  const outtype = options.outtype ?? 'f32';
  const baseFolder = await localFolder(options.base, { ...fetching(options), configOnly: true });
  await checkFolder(baseFolder, 'the base');
  const config = await readConfig(baseFolder);
  if (config === undefined) throw new FormatError('the base', 'there is no config.json in the folder');
  const base = baseModel(config);
  const pairs = planRuntime(adapter, base, options.onWarning ?? (() => undefined));
  const tensors = planTensors(pairs, outtype);
  const metadata = await adapterMetadata(adapter, base.architecture.name, countParameters(pairs), options);
  const name = `${basename(adapter.folder)}-${outtype}.gguf`;
  const inputs = [adapter.folder, baseFolder];
  const outfile = await resolveOutfile(options.outfile ?? homeOf(options.adapter), name, inputs);
  const result = { outfile, outtype, architecture: base.architecture.name, tensors, bytes: 0 };
  if (options.dryRun === true) return result;
  await writeAdapter(outfile, metadata, tensors, adapter.checkpoint, options);
  return { ...result, bytes: (await stat(outfile)).size };
}

/** In llama.cpp's converter's order. Names, licence and tags are those of the adapter's own folder. */
async function adapterMetadata(
  adapter: Adapter,
  architecture: string,
  parameters: number,
  { onWarning }: ConvertAdapterOptions,
): Promise<Map<string, GgufValue>> {
  const config = (await readConfig(adapter.folder)) ?? {};
  return new Map<string, GgufValue>([
    ['general.architecture', string(architecture)],
    ['general.type', string('adapter')],
    ['adapter.type', string('lora')],
    ...(await generalMetadata(adapter.folder, config, -parameters, { onWarning })),
    ['adapter.lora.alpha', float32(runtimeAlpha(adapter.config))],
    ['general.quantization_version', uint32(QUANTIZATION_VERSION)],
  ]);
}

function readConfig(folder: string): Promise<ModelConfig | undefined> {
  return parseJsonFileIfPresent(join(folder, 'config.json'), z.record(z.string(), z.unknown()));
}

/** Elements of what the adapter adds, as llama.cpp's converter counts them. */
function countParameters(pairs: readonly RuntimePair[]): number {
  return pairs.reduce((sum, { module: { a, b, kind } }) => {
    const columns = kind === 'embedding' ? a.shape[0] : a.shape[1];
    return sum + (b.shape[0] ?? 0) * (columns ?? 0);
  }, 0);
}
