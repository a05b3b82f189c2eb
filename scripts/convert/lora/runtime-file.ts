import type { Checkpoint, CheckpointTensor } from '../checkpoint.js';
import { quote } from '../format-error.js';
import { GGML_TYPES } from '../gguf/ggml-types.js';
import type { GgufMetadata } from '../gguf/values.js';
import { GgufWriter, type TensorDescription } from '../gguf/writer.js';
import { encodeTensor, type WrittenType } from '../tensors/encode.js';
import { applyTransform, type TensorTransform } from '../tensors/transform.js';
import type { ConversionListeners, WriteOptions } from '../write-tensors.js';
import { isEmbedding, type RuntimePair } from './runtime-plan.js';
import { readFactor } from './values.js';

/** Types of the tensors in a GGUF adapter. */
export const ADAPTER_TYPES = { f32: 'F32', f16: 'F16', bf16: 'BF16', q8_0: 'Q8_0' } as const;

/** What `outtype` may be for an adapter alone, llama.cpp's converter's names. */
export type AdapterOutputType = keyof typeof ADAPTER_TYPES;

/** What a factor's values undergo, whole: row-major, in and out. */
type Change = (values: Float32Array<ArrayBuffer>) => Promise<Float32Array<ArrayBuffer>>;

/** One tensor of the adapter file and what it is made from. */
export interface AdapterTensor extends TensorDescription {
  readonly type: WrittenType;
  readonly tensor: CheckpointTensor;
  readonly change: Change;
}

/** The tensors of a GGUF adapter, two a module, in the order in which they are written. */
export function planTensors(pairs: readonly RuntimePair[], outtype: AdapterOutputType): AdapterTensor[] {
  return pairs.flatMap((pair) => {
    const { a, b } = pair.module;
    const shape = isEmbedding(pair) ? [...a.shape].reverse() : a.shape;
    return [
      describe(`${pair.target}.lora_a`, a, shape, outtype, (values) => changeA(pair, values)),
      describe(`${pair.target}.lora_b`, b, b.shape, outtype, (values) => changeB(pair, values)),
    ];
  });
}

/** llama.cpp's converter, too, falls back on F16 where rows are no whole blocks. */
function describe(
  name: string,
  tensor: CheckpointTensor,
  shape: readonly number[],
  outtype: AdapterOutputType,
  change: AdapterTensor['change'],
): AdapterTensor {
  const [, columns = 0] = shape;
  const wanted = ADAPTER_TYPES[outtype];
  const type = columns % GGML_TYPES[wanted].blockSize === 0 ? wanted : 'F16';
  return { name, type, dimensions: [...shape].reverse(), tensor, change };
}

function changeA(pair: RuntimePair, values: Float32Array<ArrayBuffer>): ReturnType<Change> {
  return transformed(isEmbedding(pair) ? { kind: 'transpose' } : undefined, values, pair.module.a.shape);
}

async function changeB(
  { module: { b }, rows, factor }: RuntimePair,
  values: Float32Array<ArrayBuffer>,
): ReturnType<Change> {
  const ordered = await transformed(rows, values, b.shape);
  return factor === 1 ? ordered : ordered.map((value) => value * factor);
}

async function transformed(
  transform: TensorTransform | undefined,
  values: Float32Array<ArrayBuffer>,
  shape: readonly number[],
): ReturnType<Change> {
  const { data } = await applyTransform(transform, { data: bytes(values), dtype: 'F32' }, shape);
  return new Float32Array(data.buffer);
}

function bytes(values: Float32Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return new Uint8Array(values.buffer);
}

/** Writes the file, one factor in memory at a time. Nothing is left under its name if anything goes wrong. */
export async function writeAdapter(
  outfile: string,
  metadata: GgufMetadata,
  tensors: readonly AdapterTensor[],
  checkpoint: Checkpoint,
  options: WriteOptions,
): Promise<void> {
  const { threads } = options;
  const writer = await GgufWriter.create(outfile, metadata, tensors);
  try {
    let count = 0;
    for (const { name, type, dimensions, tensor, change } of tensors) {
      const data = bytes(await change(await readFactor(checkpoint, tensor, threads)));
      const encoded = await encodeTensor(
        { data, dtype: 'F32' },
        { type, columns: dimensions[0] ?? 1, threads },
      );
      if (type === 'F16') warnOfOverflow(tensor, encoded.faults.overflowing, options);
      await writer.writeTensor(name, encoded.data);
      count += 1;
      options.onProgress?.({ phase: 'tensors', fraction: count / tensors.length });
    }
    await writer.finish();
  } finally {
    await writer.discard();
  }
}

function warnOfOverflow(
  { name }: CheckpointTensor,
  overflowing: number,
  { onWarning }: ConversionListeners,
): void {
  if (overflowing === 0) return;
  onWarning?.(`tensor ${quote(name)} holds ${overflowing} values beyond F16's range; they become infinite`);
}
