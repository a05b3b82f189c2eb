import type { Checkpoint, CheckpointTensor } from '../checkpoint.js';
import { quote } from '../format-error.js';
import { GGML_TYPES } from '../gguf/ggml-types.js';
import type { GgufMetadata } from '../gguf/values.js';
import { GgufWriter, type TensorData, type TensorDescription } from '../gguf/writer.js';
import { encodeTensor, type PlainType } from '../tensors/encode.js';
import { inspectValues } from '../tensors/inspect.js';
import { applyTransform } from '../tensors/transform.js';
import { transpose } from '../tensors/transpose.js';
import type { ConversionListeners } from '../write-tensors.js';
import { encodeQ8 } from './q8-0.js';
import { isEmbedding, type RuntimePair } from './runtime-plan.js';
import { readFactor } from './values.js';

/** Types of the tensors in a GGUF adapter. */
export const ADAPTER_TYPES = { f32: 'F32', f16: 'F16', bf16: 'BF16', q8_0: 'Q8_0' } as const;

/** What `outtype` may be for an adapter alone, llama.cpp's converter's names. */
export type AdapterOutputType = keyof typeof ADAPTER_TYPES;

/** One tensor of the adapter file and what it is made from. */
export interface AdapterTensor extends TensorDescription {
  readonly type: PlainType | 'Q8_0';
  readonly tensor: CheckpointTensor;
  /** On the factor's values, row-major; `rows` and `columns` are those of the result. */
  readonly change: (values: Float32Array<ArrayBuffer>) => Float32Array<ArrayBuffer>;
}

/** The tensors of a GGUF adapter, two a module, in the order in which they are written. */
export function planTensors(pairs: readonly RuntimePair[], outtype: AdapterOutputType): AdapterTensor[] {
  return pairs.flatMap((pair) => {
    const { a, b } = pair.module;
    const shape = isEmbedding(pair) ? [...a.shape].reverse() : a.shape;
    return [
      describe(`${pair.target}.lora_a`, a, shape, outtype, (values) =>
        isEmbedding(pair) ? floats(transpose(bytes(values), a.shape, 4)) : values,
      ),
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

function changeB({ module: { b }, rows, factor }: RuntimePair, values: Float32Array<ArrayBuffer>) {
  const ordered = floats(applyTransform(rows, { data: bytes(values), dtype: 'F32' }, b.shape).data);
  return factor === 1 ? ordered : ordered.map((value) => value * factor);
}

function bytes(values: Float32Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return new Uint8Array(values.buffer);
}

function floats(data: Uint8Array<ArrayBuffer>): Float32Array<ArrayBuffer> {
  return new Float32Array(data.buffer);
}

/** Writes the file, one factor in memory at a time. Nothing is left under its name if anything goes wrong. */
export async function writeAdapter(
  outfile: string,
  metadata: GgufMetadata,
  tensors: readonly AdapterTensor[],
  checkpoint: Checkpoint,
  listeners: ConversionListeners,
): Promise<void> {
  const writer = await GgufWriter.create(outfile, metadata, tensors);
  try {
    let count = 0;
    for (const { name, type, tensor, change } of tensors) {
      const values = change(await readFactor(checkpoint, tensor));
      warnOfOverflow(tensor, values, type, listeners);
      await writer.writeTensor(name, encode(values, type));
      count += 1;
      listeners.onProgress?.({ phase: 'tensors', fraction: count / tensors.length });
    }
    await writer.finish();
  } finally {
    await writer.discard();
  }
}

function warnOfOverflow(
  { name }: CheckpointTensor,
  values: Float32Array<ArrayBuffer>,
  type: AdapterTensor['type'],
  { onWarning }: ConversionListeners,
): void {
  if (type === 'Q8_0') return;
  const { overflowing } = inspectValues(bytes(values), 'F32', type);
  if (overflowing === 0) return;
  onWarning?.(`tensor ${quote(name)} holds ${overflowing} values beyond F16's range; they become infinite`);
}

function encode(values: Float32Array<ArrayBuffer>, type: AdapterTensor['type']): TensorData {
  return type === 'Q8_0' ? encodeQ8(values) : encodeTensor(bytes(values), 'F32', type);
}
