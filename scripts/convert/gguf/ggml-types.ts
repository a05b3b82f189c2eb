/** How one ggml tensor type stores a row: blocks of `blockSize` elements in `blockBytes` bytes. */
export interface GgmlType {
  /** The number that stands for the type in a GGUF file (`enum ggml_type`). */
  readonly id: number;
  readonly blockSize: number;
  readonly blockBytes: number;
}

/** Every tensor type of llama.cpp v0.5.0. Ids missing here were removed from the format. */
export const GGML_TYPES = {
  F32: { id: 0, blockSize: 1, blockBytes: 4 },
  F16: { id: 1, blockSize: 1, blockBytes: 2 },
  Q4_0: { id: 2, blockSize: 32, blockBytes: 18 },
  Q4_1: { id: 3, blockSize: 32, blockBytes: 20 },
  Q5_0: { id: 6, blockSize: 32, blockBytes: 22 },
  Q5_1: { id: 7, blockSize: 32, blockBytes: 24 },
  Q8_0: { id: 8, blockSize: 32, blockBytes: 34 },
  Q8_1: { id: 9, blockSize: 32, blockBytes: 36 },
  Q2_K: { id: 10, blockSize: 256, blockBytes: 84 },
  Q3_K: { id: 11, blockSize: 256, blockBytes: 110 },
  Q4_K: { id: 12, blockSize: 256, blockBytes: 144 },
  Q5_K: { id: 13, blockSize: 256, blockBytes: 176 },
  Q6_K: { id: 14, blockSize: 256, blockBytes: 210 },
  Q8_K: { id: 15, blockSize: 256, blockBytes: 292 },
  IQ2_XXS: { id: 16, blockSize: 256, blockBytes: 66 },
  IQ2_XS: { id: 17, blockSize: 256, blockBytes: 74 },
  IQ3_XXS: { id: 18, blockSize: 256, blockBytes: 98 },
  IQ1_S: { id: 19, blockSize: 256, blockBytes: 50 },
  IQ4_NL: { id: 20, blockSize: 32, blockBytes: 18 },
  IQ3_S: { id: 21, blockSize: 256, blockBytes: 110 },
  IQ2_S: { id: 22, blockSize: 256, blockBytes: 82 },
  IQ4_XS: { id: 23, blockSize: 256, blockBytes: 136 },
  I8: { id: 24, blockSize: 1, blockBytes: 1 },
  I16: { id: 25, blockSize: 1, blockBytes: 2 },
  I32: { id: 26, blockSize: 1, blockBytes: 4 },
  I64: { id: 27, blockSize: 1, blockBytes: 8 },
  F64: { id: 28, blockSize: 1, blockBytes: 8 },
  IQ1_M: { id: 29, blockSize: 256, blockBytes: 56 },
  BF16: { id: 30, blockSize: 1, blockBytes: 2 },
  TQ1_0: { id: 34, blockSize: 256, blockBytes: 54 },
  TQ2_0: { id: 35, blockSize: 256, blockBytes: 66 },
  MXFP4: { id: 39, blockSize: 32, blockBytes: 17 },
  NVFP4: { id: 40, blockSize: 64, blockBytes: 36 },
  Q1_0: { id: 41, blockSize: 128, blockBytes: 18 },
  Q2_0: { id: 42, blockSize: 64, blockBytes: 18 },
} as const satisfies Record<string, GgmlType>;

export type GgmlTypeName = keyof typeof GGML_TYPES;

const NAMES_BY_ID = new Map<number, GgmlTypeName>(
  Object.entries(GGML_TYPES).map(([name, type]) => [type.id, name as GgmlTypeName]),
);

/** The type with this number, or undefined if llama.cpp knows none. */
export function ggmlTypeById(id: number): GgmlTypeName | undefined {
  return NAMES_BY_ID.get(id);
}

/**
 * Bytes of a tensor's data without padding.
 *
 * @param dimensions elements per dimension, fastest-varying first (ggml's order, a row is the first one)
 * @returns undefined if a row is no whole number of blocks or the size exceeds 2^53 - 1
 */
export function tensorBytes(type: GgmlTypeName, dimensions: readonly number[]): number | undefined {
  const { blockSize, blockBytes } = GGML_TYPES[type];
  const row = dimensions[0] ?? 1;
  if (row % blockSize !== 0) return undefined;
  // In bigint: a hostile shape may overflow any fixed width.
  let bytes = BigInt(row / blockSize) * BigInt(blockBytes);
  for (const dimension of dimensions.slice(1)) bytes *= BigInt(dimension);
  return bytes > BigInt(Number.MAX_SAFE_INTEGER) ? undefined : Number(bytes);
}
