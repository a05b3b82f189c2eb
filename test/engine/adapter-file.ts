import { GgufWriter } from '../../scripts/convert/gguf/writer.js';
import { float32, type GgufMetadata, type GgufValue, string } from '../../scripts/convert/gguf/values.js';

/** The matrices of the shipped model that a test's adapter changes, with their widths (in, out). */
export const TARGETS: readonly (readonly [name: string, inputs: number, outputs: number])[] = [
  ['blk.0.attn_qkv.weight', 256, 768],
  ['blk.1.ffn_up.weight', 256, 1024],
  ['blk.3.ffn_down.weight', 1024, 256],
];

/** One tensor of an adapter: its dimensions, fastest-varying first, and its values. */
export interface AdapterTensor {
  readonly name: string;
  readonly dimensions: readonly number[];
  readonly values: Float32Array;
}

/** Numbers between -1 and 1 that look random and are the same each time. */
function noise(count: number, seed: number): Float32Array {
  let state = seed * 2_654_435_761 + 1;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

/**
 * The pairs of an adapter of rank 2 for the shipped model.
 *
 * @param strength largest value of the second factor; 0 makes an adapter that changes nothing
 */
export function adapterTensors(strength: number, seed = 1): AdapterTensor[] {
  const rank = 2;
  return TARGETS.flatMap(([name, inputs, outputs], index) => [
    {
      name: `${name}.lora_a`,
      dimensions: [inputs, rank],
      values: noise(inputs * rank, 2 * index + 100 * seed),
    },
    {
      name: `${name}.lora_b`,
      dimensions: [rank, outputs],
      values: noise(rank * outputs, 2 * index + 1 + 100 * seed).map((value) => value * strength),
    },
  ]);
}

/** Metadata of an adapter for the shipped model. */
export function adapterMetadata(changes: Readonly<Record<string, GgufValue>> = {}): GgufMetadata {
  return new Map<string, GgufValue>(
    Object.entries({
      'general.type': string('adapter'),
      'general.architecture': string('gpt2'),
      'adapter.type': string('lora'),
      'adapter.lora.alpha': float32(2),
      ...changes,
    }),
  );
}

/** Writes an adapter file in F32 and gives its path. */
export async function writeAdapter(
  path: string,
  tensors: readonly AdapterTensor[],
  metadata: GgufMetadata = adapterMetadata(),
): Promise<string> {
  const writer = await GgufWriter.create(
    path,
    metadata,
    tensors.map(({ name, dimensions }) => ({ name, dimensions, type: 'F32' })),
  );
  for (const { name, values } of tensors) {
    await writer.writeTensor(name, new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
  await writer.finish();
  return path;
}
