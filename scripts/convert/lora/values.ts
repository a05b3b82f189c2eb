import { type Checkpoint, type CheckpointTensor, isFloatDtype } from '../checkpoint.js';
import { FormatError, quote } from '../format-error.js';
import { encodeTensor } from '../tensors/encode.js';

/**
 * Reads a tensor's values, widened to binary32; F64 is rounded to it.
 *
 * @param threads default: as many as there are cores
 * @throws FormatError if it holds no floats
 */
export async function readValues(
  checkpoint: Checkpoint,
  { name, dtype }: CheckpointTensor,
  threads?: number,
): Promise<Float32Array<ArrayBuffer>> {
  if (!isFloatDtype(dtype)) {
    throw new FormatError(
      'checkpoint',
      `expected F64, F32, F16 or BF16 for tensor ${quote(name)}, received ${dtype}`,
    );
  }
  const data = await checkpoint.read(name);
  const encoded = await encodeTensor({ data, dtype }, { type: 'F32', columns: 1, threads });
  return new Float32Array(encoded.data.buffer);
}

/**
 * The same for a factor, of which one NaN would spoil whole rows and columns.
 *
 * @throws FormatError if a value is not finite
 */
export async function readFactor(
  checkpoint: Checkpoint,
  tensor: CheckpointTensor,
  threads?: number,
): Promise<Float32Array<ArrayBuffer>> {
  const values = await readValues(checkpoint, tensor, threads);
  if (values.every(Number.isFinite)) return values;
  throw new FormatError('adapter', `tensor ${quote(tensor.name)} holds NaN or infinite values`);
}
