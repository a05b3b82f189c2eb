import { type Paddable, withPadding } from './align/padding.js';
import { type Checkpoint, DTYPE_BYTES } from './checkpoint.js';
import { quote } from './format-error.js';
import type { GgufMetadata } from './gguf/values.js';
import { GgufWriter } from './gguf/writer.js';
import type { PlannedTensor } from './plan.js';
import type { ConversionProgress } from './progress.js';
import type { TemporaryFile } from './temporary-file.js';
import { encodeTensor } from './tensors/encode.js';
import { inspectValues } from './tensors/inspect.js';
import { transpose } from './tensors/transpose.js';

/** Who hears of a conversion while it runs. */
export interface ConversionListeners {
  readonly onProgress?: ((progress: ConversionProgress) => void) | undefined;
  /** Something odd that does not stop the conversion, in one line. */
  readonly onWarning?: ((message: string) => void) | undefined;
}

/**
 * Writes a GGUF file from a checkpoint, one tensor in memory at a time. Nothing is left under the final
 * name or beside it if anything goes wrong.
 *
 * @param target the final name, or a temporary file that its owner commits
 */
export async function writeTensors(
  target: string | TemporaryFile,
  metadata: GgufMetadata,
  tensors: readonly Paddable<PlannedTensor>[],
  checkpoint: Checkpoint,
  listeners: ConversionListeners,
): Promise<void> {
  const writer = await GgufWriter.create(target, metadata, tensors);
  try {
    const total = tensors.reduce((sum, tensor) => sum + sourceBytes(tensor), 0);
    let bytes = 0;
    for (const tensor of tensors) {
      await writeTensor(writer, tensor, checkpoint, listeners);
      bytes += sourceBytes(tensor);
      listeners.onProgress?.({ phase: 'tensors', fraction: bytes / total, bytes });
    }
    await writer.finish();
  } finally {
    await writer.discard();
  }
}

async function writeTensor(
  writer: GgufWriter,
  tensor: Paddable<PlannedTensor>,
  checkpoint: Checkpoint,
  listeners: ConversionListeners,
): Promise<void> {
  const { name, dtype, shape } = tensor.source;
  const data = await checkpoint.read(name);
  const { nonFinite, overflowing } = inspectValues(data, dtype, tensor.type);
  if (nonFinite > 0) listeners.onWarning?.(`tensor ${quote(name)} holds ${nonFinite} NaN or infinite values`);
  if (overflowing > 0) {
    listeners.onWarning?.(
      `tensor ${quote(name)} holds ${overflowing} values beyond F16's range; they become infinite`,
    );
  }
  const oriented = tensor.transpose ? transpose(data, shape, DTYPE_BYTES[dtype]) : data;
  await writer.writeTensor(tensor.name, withPadding(tensor, encodeTensor(oriented, dtype, tensor.type)));
}

function sourceBytes({ source }: PlannedTensor): number {
  return source.shape.reduce((product, length) => product * length, DTYPE_BYTES[source.dtype]);
}
