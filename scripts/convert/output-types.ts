import type { WrittenType } from './tensors/encode.js';

/** ggml's version of its quantised formats (GGML_QNT_VERSION), which every file states. */
export const QUANTIZATION_VERSION = 2;

/** A kind of file that `--outtype` names. */
export interface OutputType {
  /** Value of `general.file_type` (llama.cpp's `enum llama_ftype`). */
  readonly fileType: number;
  /** The type of its matrices if the converter writes them itself; otherwise llama.cpp's quantiser does. */
  readonly matrices?: WrittenType;
}

/** llama.cpp's names of file types, in lower case. */
export const OUTPUT_TYPES = {
  f32: { fileType: 0, matrices: 'F32' },
  f16: { fileType: 1, matrices: 'F16' },
  bf16: { fileType: 32, matrices: 'BF16' },
  q8_0: { fileType: 7, matrices: 'Q8_0' },
  q6_k: { fileType: 18 },
  q5_k_m: { fileType: 17 },
  q5_k_s: { fileType: 16 },
  q5_1: { fileType: 9 },
  q5_0: { fileType: 8 },
  q4_k_m: { fileType: 15 },
  q4_k_s: { fileType: 14 },
  q4_1: { fileType: 3 },
  q4_0: { fileType: 2 },
  q3_k_m: { fileType: 12 },
  q2_k: { fileType: 10 },
} as const satisfies Record<string, OutputType>;

export type OutputTypeName = keyof typeof OUTPUT_TYPES;

export const OUTPUT_TYPE_NAMES = Object.keys(OUTPUT_TYPES) as readonly OutputTypeName[];
export const DEFAULT_OUTPUT_TYPE: OutputTypeName = 'q8_0';

/** The type of the matrices that the converter itself writes, undefined if the quantiser has to. */
export function writtenType(name: OutputTypeName): WrittenType | undefined {
  const type: OutputType = OUTPUT_TYPES[name];
  return type.matrices;
}

/** Whether matrices lose precision to blocks of few bits. */
export function isQuantised(name: OutputTypeName): boolean {
  const type = writtenType(name);
  return type === undefined || type === 'Q8_0';
}
