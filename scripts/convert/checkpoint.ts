/** Element types whose values the converter can read. */
const FLOAT_DTYPES = ['F64', 'F32', 'F16', 'BF16'] as const;
export type FloatDtype = (typeof FLOAT_DTYPES)[number];

/** Bytes of one element of every type that a checkpoint may hold (safetensors' names). */
export const DTYPE_BYTES = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
  F8_E8M0: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  I64: 8,
  U64: 8,
  F64: 8,
  C64: 8,
} as const;

export type Dtype = keyof typeof DTYPE_BYTES;

/** One tensor of a checkpoint. */
export interface CheckpointTensor {
  readonly name: string;
  readonly dtype: Dtype;
  /** Elements per dimension, slowest-varying first (row-major, as torch prints it). */
  readonly shape: readonly number[];
}

/** The weights of a model, wherever and in however many files they lie. */
export interface Checkpoint {
  /**
   * By name, in the order in which they are converted: file by file, and within a file as llama.cpp's converter
   * meets them: safetensors sorted by name, PyTorch in the state dict's order.
   */
  readonly tensors: ReadonlyMap<string, CheckpointTensor>;
  /** Paths of the files read, none of which may be overwritten. */
  readonly files: readonly string[];
  /**
   * One tensor's data: row-major, little-endian, in memory of its own. Only that one tensor is read.
   *
   * @throws FormatError if the file changed meanwhile
   */
  read(name: string): Promise<Uint8Array<ArrayBuffer>>;
  close(): Promise<void>;
}

/** Whether two shapes are the same. */
export function sameShape(left: readonly number[], right: readonly number[]): boolean {
  return left.length === right.length && left.every((length, index) => length === right[index]);
}

/** Whether a dtype is one the converter can read values of. */
export function isFloatDtype(dtype: Dtype): dtype is FloatDtype {
  return (FLOAT_DTYPES as readonly Dtype[]).includes(dtype);
}
