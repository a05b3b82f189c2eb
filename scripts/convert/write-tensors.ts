import { type Paddable, withPadding } from './align/padding.js';
import { type Checkpoint, DTYPE_BYTES } from './checkpoint.js';
import { quote } from './format-error.js';
import type { GgufMetadata } from './gguf/values.js';
import { GgufWriter } from './gguf/writer.js';
import type { PlannedTensor } from './plan.js';
import type { ConversionProgress } from './progress.js';
import type { TemporaryFile } from './temporary-file.js';
import { encodeTensor } from './tensors/encode.js';
import { applyTransform } from './tensors/transform.js';

/** Who hears of a conversion while it runs. */
export interface ConversionListeners {
  readonly onProgress?: ((progress: ConversionProgress) => void) | undefined;
  /** Something odd that does not stop the conversion, in one line. */
  readonly onWarning?: ((message: string) => void) | undefined;
}

export interface WriteOptions extends ConversionListeners {
  /** Threads that convert values. Default: as many as there are cores. */
  readonly threads?: number | undefined;
}

/**
 * Writes a GGUF file from a checkpoint, one tensor in memory at a time. Nothing is left if anything
 * goes wrong.
 *
 * @param target whose owner commits it
 */
export async function writeTensors(
  target: TemporaryFile,
  metadata: GgufMetadata,
  tensors: readonly Paddable<PlannedTensor>[],
  checkpoint: Checkpoint,
  options: WriteOptions,
): Promise<void> {
  const writer = await GgufWriter.create(target, metadata, tensors);
  try {
    const total = tensors.reduce((sum, tensor) => sum + sourceBytes(tensor), 0);
    let bytes = 0;
    options.onProgress?.({ phase: 'tensors', fraction: 0, bytes });
    for (const tensor of tensors) {
      await writeTensor(writer, tensor, checkpoint, options);
      bytes += sourceBytes(tensor);
      options.onProgress?.({ phase: 'tensors', fraction: bytes / total, bytes });
    }
    await writer.finish();
  } finally {
    await writer.discard();
  }
}

async function writeTensor(
  writer: GgufWriter,
  planned: Paddable<PlannedTensor>,
  checkpoint: Checkpoint,
  options: WriteOptions,
): Promise<void> {
  const { name, type, origin } = planned;
  if (origin.kind === 'generated') {
    await writer.writeTensor(name, new Uint8Array(origin.values.buffer));
    return;
  }
  const { tensor, transform } = origin;
  const stored = { data: await checkpoint.read(tensor.name), dtype: tensor.dtype };
  const changed = await applyTransform(transform, stored, tensor.shape);
  const columns = planned.dimensions[0] ?? 1;
  const { data, faults } = await encodeTensor(changed, { type, columns, threads: options.threads });
  const holds = `tensor ${quote(tensor.name)} holds`;
  if (faults.nonFinite > 0) options.onWarning?.(`${holds} ${faults.nonFinite} NaN or infinite values`);
  if (faults.overflowing > 0 && type === 'F16')
    options.onWarning?.(`${holds} ${faults.overflowing} values beyond F16's range; they become infinite`);
  await writer.writeTensor(name, withPadding(planned, data));
}

function sourceBytes({ origin }: PlannedTensor): number {
  if (origin.kind === 'generated') return origin.values.byteLength;
  const { shape, dtype } = origin.tensor;
  return shape.reduce((product, length) => product * length, DTYPE_BYTES[dtype]);
}
