import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';

import type { Architecture, ModelDescription } from './architectures/architecture.js';
import { findArchitecture } from './architectures/index.js';
import { asConversionError } from './failures.js';
import { type GgufValue, string, uint32 } from './gguf/values.js';
import { generalMetadata } from './metadata/general.js';
import { resolveOutfile } from './outfile.js';
import { DEFAULT_OUTPUT_TYPE, OUTPUT_TYPES, type OutputTypeName, writtenType } from './output-types.js';
import { type PlannedTensor, planTensors } from './plan.js';
import { quantizeInto, type QuantizeFile } from './quantize.js';
import { checkFolder, openSource, type Source } from './source.js';
import { TemporaryFile } from './temporary-file.js';
import { tokenizerMetadata } from './tokenizers/index.js';
import { type ConversionListeners, writeTensors } from './write-tensors.js';

/** ggml's version of its quantised formats (GGML_QNT_VERSION). */
const QUANTIZATION_VERSION = 2;

export interface ConvertOptions extends ConversionListeners {
  /** A Hugging Face checkpoint folder. */
  readonly source: string;
  /** Default q8_0. */
  readonly outtype?: OutputTypeName | undefined;
  /** A file, replaced if it exists, or a folder. Default: `<folder's name>-<outtype>.gguf` in the source. */
  readonly outfile?: string | undefined;
  /** The folder with the tokenizer's files. Default: the source. */
  readonly tokenizer?: string | undefined;
  /** Check everything but the tensors' values and write nothing. Default false. */
  readonly dryRun?: boolean | undefined;
  /** Threads of the quantiser. Default: its own. */
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
  /** Number of elements of all tensors. */
  readonly parameters: number;
  /** Size of the file; 0 in a dry run. */
  readonly bytes: number;
}

/**
 * Converts a checkpoint to GGUF. The file appears under its name complete or not at all.
 *
 * @throws GlossaError CONVERSION_FAILED if the checkpoint is broken, not known or not expressible, or a file
 *   cannot be read or written
 */
export async function convertCheckpoint(options: ConvertOptions): Promise<ConversionResult> {
  try {
    const source = await openSource(options.source);
    try {
      return await convertSource(source, options);
    } finally {
      await source.checkpoint.close();
    }
  } catch (error) {
    throw asConversionError(error);
  }
}

async function convertSource(source: Source, options: ConvertOptions): Promise<ConversionResult> {
  const outtype = options.outtype ?? DEFAULT_OUTPUT_TYPE;
  const tokenizer = options.tokenizer === undefined ? source.folder : resolve(options.tokenizer);
  await checkFolder(tokenizer, '--tokenizer');
  const architecture = findArchitecture(source.config);
  const model = architecture.describe(source.config);
  for (const warning of model.warnings ?? []) options.onWarning?.(warning);
  const tensors = planTensors(architecture, model, source.checkpoint, writtenType(outtype) ?? 'exact');
  const parameters = countElements(tensors);
  const metadata = await collectMetadata(source, { architecture, model, tokenizer, parameters, outtype });
  const outfile = await resolveOutfile(source.folder, outtype, options.outfile, [source.folder, tokenizer]);
  const result = { outfile, outtype, architecture: architecture.name, tensors, parameters, bytes: 0 };
  if (options.dryRun === true) return result;
  const write = (target: TemporaryFile): Promise<void> =>
    writeTensors(target, metadata, tensors, source.checkpoint, options);
  const output = TemporaryFile.beside(outfile);
  try {
    if (writtenType(outtype) !== undefined) await write(output);
    else await quantizeInto(output, outtype, write, options);
    await output.commit();
  } finally {
    await output.discard();
  }
  return { ...result, bytes: (await stat(outfile)).size };
}

function countElements(tensors: readonly PlannedTensor[]): number {
  return tensors.reduce(
    (sum, { dimensions }) => sum + dimensions.reduce((product, length) => product * length, 1),
    0,
  );
}

interface MetadataParts {
  readonly architecture: Architecture;
  readonly model: ModelDescription;
  readonly tokenizer: string;
  readonly parameters: number;
  readonly outtype: OutputTypeName;
}

/** All metadata in llama.cpp's converter's order. */
async function collectMetadata(source: Source, parts: MetadataParts): Promise<Map<string, GgufValue>> {
  const { architecture, model, tokenizer, parameters, outtype } = parts;
  return new Map<string, GgufValue>([
    ['general.architecture', string(architecture.name)],
    ...(model.metadataFirst ?? []),
    ['general.type', string('model')],
    ...(await generalMetadata(source.folder, source.config, parameters)),
    ...model.metadata,
    ['general.file_type', uint32(OUTPUT_TYPES[outtype].fileType)],
    ...(model.metadataAfterFileType ?? []),
    ['general.quantization_version', uint32(QUANTIZATION_VERSION)],
    ...(await tokenizerMetadata({
      folder: tokenizer,
      architecture: architecture.name,
      vocabularySize: model.vocabularySize,
      config: source.config,
    })),
  ]);
}
