import { alignVocabulary } from './align/align-vocabulary.js';
import type { Paddable } from './align/padding.js';
import type { Architecture, ModelDescription } from './architectures/architecture.js';
import { findArchitecture } from './architectures/index.js';
import { type GgufValue, string, uint32 } from './gguf/values.js';
import type { MergedSource } from './lora/merge.js';
import { generalMetadata } from './metadata/general.js';
import { OUTPUT_TYPES, type OutputTypeName, QUANTIZATION_VERSION, writtenType } from './output-types.js';
import { type PlannedTensor, planTensors } from './plan.js';
import { tokenizerMetadata } from './tokenizers/index.js';

/** What a file is planned for. */
export interface FilePlanRequest {
  readonly outtype: OutputTypeName;
  /** The folder with the tokenizer's files. */
  readonly tokenizer: string;
  /** Fill the vocabulary up to a number of rows for which llama.cpp has faster kernels, where that helps. */
  readonly align: boolean;
}

/** Everything about a file but its tensors' values. */
export interface FilePlan {
  /** llama.cpp's name. */
  readonly architecture: string;
  /** In the file's order; for types that the quantiser makes, as they are handed to it. */
  readonly tensors: readonly Paddable<PlannedTensor>[];
  readonly metadata: ReadonlyMap<string, GgufValue>;
  /** Number of elements of all tensors of the checkpoint. */
  readonly parameters: number;
  /** Rows by which the vocabulary was filled up. */
  readonly addedRows: number;
  /** What a reader should hear of, in one line each. */
  readonly warnings: readonly string[];
}

/**
 * Plans a file from a checkpoint's description.
 *
 * @throws FormatError if the checkpoint is broken, not known or not expressible
 */
export async function planFile(source: MergedSource, request: FilePlanRequest): Promise<FilePlan> {
  const architecture = findArchitecture(source.config);
  const model = architecture.describe(source.config);
  const matrices = writtenType(request.outtype) ?? 'exact';
  const tensors = planTensors(architecture, model, source.checkpoint, matrices);
  const parameters = countElements(tensors);
  const warnings = [...(model.warnings ?? [])];
  const onWarning = (warning: string): void => void warnings.push(warning);
  const metadata = await collectMetadata(source, { ...request, architecture, model, parameters, onWarning });
  const aligned = request.align
    ? alignVocabulary({ tensors, metadata }, request.outtype)
    : { tensors, metadata, addedRows: 0 };
  return { ...aligned, architecture: architecture.name, parameters, warnings };
}

function countElements(tensors: readonly PlannedTensor[]): number {
  return tensors.reduce(
    (sum, { dimensions }) => sum + dimensions.reduce((product, length) => product * length, 1),
    0,
  );
}

interface MetadataParts extends FilePlanRequest {
  readonly architecture: Architecture;
  readonly model: ModelDescription;
  readonly parameters: number;
  readonly onWarning: (warning: string) => void;
}

/** All metadata in llama.cpp's converter's order. */
async function collectMetadata(source: MergedSource, parts: MetadataParts): Promise<Map<string, GgufValue>> {
  const { architecture, model, tokenizer, parameters, outtype, onWarning } = parts;
  return new Map<string, GgufValue>([
    ['general.architecture', string(architecture.name)],
    ...(model.metadataFirst ?? []),
    ['general.type', string('model')],
    ...(await describeModel(source, parameters, onWarning)),
    ...model.metadata,
    ['general.file_type', uint32(OUTPUT_TYPES[outtype].fileType)],
    ...(model.metadataAfterFileType ?? []),
    ['general.quantization_version', uint32(QUANTIZATION_VERSION)],
    ...(await tokenizerMetadata({
      folder: tokenizer,
      templateFolders: source.adapterFolders.toReversed(),
      architecture: architecture.name,
      vocabularySize: model.vocabularySize,
      config: source.config,
      onWarning,
    })),
  ]);
}

/** A merged model is what its last adapter makes of it: that one's card and name describe it, not the base's. */
function describeModel(
  source: MergedSource,
  parameters: number,
  onWarning: (warning: string) => void,
): Promise<Map<string, GgufValue>> {
  const { folder, config, adapterFolders } = source;
  const adapter = adapterFolders.at(-1);
  if (adapter === undefined) return generalMetadata(folder, config, parameters, { onWarning });
  return generalMetadata(adapter, {}, parameters, { generationFolder: folder, onWarning });
}
