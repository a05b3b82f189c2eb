/** First four bytes of every GGUF file. */
export const GGUF_MAGIC = 'GGUF';
/** The version we write. 2 has the same layout and is read too. */
export const GGUF_VERSION = 3;
/** Bytes at a multiple of which tensors start, unless `general.alignment` says otherwise. */
export const DEFAULT_ALIGNMENT = 32;
export const ALIGNMENT_KEY = 'general.alignment';

/** ggml's own limits (GGML_MAX_DIMS, GGML_MAX_NAME less its terminating NUL). */
export const MAX_DIMENSIONS = 4;
export const MAX_TENSOR_NAME_BYTES = 63;
/** The specification's limit. */
export const MAX_KEY_BYTES = 65_535;

// What follows bounds what reading an unknown file may cost. The largest real files (vocabularies of 262,144
// entries with merges and scores) need about a tenth of it.
export const MAX_METADATA_BYTES = 256 * 1024 * 1024;
export const MAX_STRING_BYTES = 64 * 1024 * 1024;
export const MAX_ARRAY_ELEMENTS = 16 * 1024 * 1024;
export const MAX_KEYS = 65_536;
export const MAX_TENSORS = 1024 * 1024;

/** The next multiple of `alignment` at or after `offset`. */
export function align(offset: number, alignment: number): number {
  return Math.ceil(offset / alignment) * alignment;
}
