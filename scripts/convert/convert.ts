import { stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';

import { GlossaError } from '../../src/errors.js';
import { asConversionError } from './failures.js';
import { type FilePlan, planFile } from './file-plan.js';
import { fetching } from './fetching.js';
import { localFolder } from './hub/snapshot.js';
import { type AdapterChoice, mergeAdapters, type MergedSource } from './lora/merge.js';
import { homeOf, resolveOutfile } from './outfile.js';
import { DEFAULT_OUTPUT_TYPE, type OutputTypeName, writtenType } from './output-types.js';
import type { PlannedTensor } from './plan.js';
import type { ConversionProgress } from './progress.js';
import { quantizeInto, type QuantizeFile } from './quantize.js';
import { checkFolder, openSource } from './source.js';
import { TemporaryFile } from './temporary-file.js';
import { requireVerified, type VerificationReport, verifyConversion } from './verify/verify.js';
import { type ConversionListeners, writeTensors } from './write-tensors.js';

export interface ConvertOptions extends ConversionListeners {
  /** A Hugging Face checkpoint folder, or hf:owner/name[@revision] on the hub. */
  readonly source: string;
  /** PEFT adapters that are merged into the checkpoint, in this order. Default none. */
  readonly adapters?: readonly AdapterChoice[] | undefined;
  /** Default q8_0. */
  readonly outtype?: OutputTypeName | undefined;
  /**
   * A file, replaced if it exists, or a folder. Default: `<name>-<outtype>.gguf` in the last adapter's folder or,
   * without adapters, in the source; `<name>` is that folder's. Where that is on the hub: in the current folder.
   */
  readonly outfile?: string | undefined;
  /** The folder with the tokenizer's files. Default: the source, or an adapter that changed the vocabulary. */
  readonly tokenizer?: string | undefined;
  /** Fill the vocabulary up to a number of rows for which llama.cpp has faster kernels, where that helps. Default true. */
  readonly align?: boolean | undefined;
  /** Compare the file with an F32 conversion before it gets its name. Default false. */
  readonly verify?: boolean | undefined;
  /** Hears what was compared, whether or not the file passed. */
  readonly onVerification?: ((report: VerificationReport) => void) | undefined;
  /** Check everything but the tensors' values and write nothing; not together with `verify`. Default false. */
  readonly dryRun?: boolean | undefined;
  /** Threads that convert, merge and quantise values. Default: as many as there are cores. */
  readonly threads?: number | undefined;
  /** The quantiser; tests bring their own. Default: llama.cpp's, through the addon. */
  readonly quantize?: QuantizeFile | undefined;
}

export interface ConversionResult {
  /** Absolute path of the file, written or, in a dry run, to be written. */
  readonly outfile: string;
  readonly outtype: OutputTypeName;
  /** llama.cpp's name of the architecture. */
  readonly architecture: string;
  /** As the converter writes them; a quantiser changes their types afterwards. */
  readonly tensors: readonly PlannedTensor[];
  /** Number of elements of all tensors, without rows added for alignment. */
  readonly parameters: number;
  /** Rows by which the vocabulary was filled up; 0 if it was not aligned. */
  readonly addedRows: number;
  /** Size of the file; 0 in a dry run. */
  readonly bytes: number;
}

/**
 * Converts a checkpoint to GGUF. The file appears under its name complete (and verified, if that is asked for)
 * or not at all.
 *
 * @throws GlossaError CONVERSION_FAILED if the checkpoint is broken, not known or not expressible, a file cannot
 *   be read or written, or the result does not stand its verification
 */
export async function convertCheckpoint(options: ConvertOptions): Promise<ConversionResult> {
  try {
    if (options.verify === true && options.dryRun === true)
      throw new GlossaError('CONVERSION_FAILED', 'a dry run writes nothing that could be verified');
    const source = await openMerged(options);
    try {
      return await convertSource(source, options);
    } finally {
      await source.checkpoint.close();
    }
  } catch (error) {
    throw asConversionError(error);
  }
}

/** Opens the source and merges the adapters; what is on the hub is fetched first. */
async function openMerged(options: ConvertOptions): Promise<MergedSource> {
  const adapters: AdapterChoice[] = [];
  for (const { folder, scale } of options.adapters ?? [])
    adapters.push({ folder: await localFolder(folder, fetching(options)), scale });
  const source = await openSource(options.source, fetching(options));
  return mergeAdapters(source, adapters, options);
}

async function convertSource(source: MergedSource, options: ConvertOptions): Promise<ConversionResult> {
  const outtype = options.outtype ?? DEFAULT_OUTPUT_TYPE;
  const tokenizer = options.tokenizer === undefined ? source.tokenizer : resolve(options.tokenizer);
  await checkFolder(tokenizer, '--tokenizer');
  const plan = await planFile(source, { outtype, tokenizer, align: options.align ?? true });
  for (const warning of plan.warnings) options.onWarning?.(warning);
  const inputs = [source.folder, ...source.adapterFolders, tokenizer];
  const home = homeOf(options.adapters?.at(-1)?.folder ?? options.source);
  const name = `${basename(source.adapterFolders.at(-1) ?? source.folder)}-${outtype}.gguf`;
  const outfile = await resolveOutfile(options.outfile ?? home, name, inputs);
  const { architecture, tensors, parameters, addedRows } = plan;
  const result = { outfile, outtype, architecture, tensors, parameters, addedRows, bytes: 0 };
  if (options.dryRun === true) return result;
  const output = TemporaryFile.beside(outfile);
  try {
    await writeFile(output, plan, { ...options, source, outtype });
    if (options.verify === true) await verify(output, { ...options, source, outtype, tokenizer });
    await output.commit();
    return { ...result, bytes: (await stat(outfile)).size };
  } finally {
    await output.discard();
  }
}

interface VerifyOptions extends WriteFileOptions {
  readonly tokenizer: string;
  readonly onVerification?: ((report: VerificationReport) => void) | undefined;
}

/** @throws GlossaError CONVERSION_FAILED if the file does not agree with an F32 conversion of the same source */
async function verify(file: TemporaryFile, options: VerifyOptions): Promise<void> {
  const { source, outtype, tokenizer, threads } = options;
  // One half is writing the reference, the other running both.
  const show = (half: 0 | 1, fraction: number): void =>
    options.onProgress?.({ phase: 'verify', fraction: (half + fraction) / 2 });
  const report = await verifyConversion({
    ggufPath: file.path,
    outtype,
    tokenizerFolder: tokenizer,
    writeReference: async (target) => {
      const exact = await planFile(source, { outtype: 'f32', tokenizer, align: false });
      const onProgress = ({ fraction }: ConversionProgress): void => {
        show(0, fraction);
      };
      await writeFile(target, exact, { source, outtype: 'f32', threads, onProgress });
    },
    onProgress: (fraction) => {
      show(1, fraction);
    },
  });
  options.onVerification?.(report);
  requireVerified(report);
}

interface WriteFileOptions extends ConversionListeners {
  readonly source: MergedSource;
  readonly outtype: OutputTypeName;
  readonly threads?: number | undefined;
  readonly quantize?: QuantizeFile | undefined;
}

/** Fills a temporary file, through the quantiser where the converter does not write the type itself. */
async function writeFile(target: TemporaryFile, plan: FilePlan, options: WriteFileOptions): Promise<void> {
  const { source, outtype } = options;
  const write = (file: TemporaryFile): Promise<void> =>
    writeTensors(file, plan.metadata, plan.tensors, source.checkpoint, options);
  if (writtenType(outtype) !== undefined) await write(target);
  else await quantizeInto(target, outtype, write, options);
}
