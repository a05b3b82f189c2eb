import { FormatError } from '../format-error.js';
import { align } from '../gguf/limits.js';
import { type GgufArray, type GgufMetadata, type GgufValue, uint32 } from '../gguf/values.js';
import type { TensorDescription } from '../gguf/writer.js';
import { isQuantised, type OutputTypeName } from '../output-types.js';
import { TOKEN_TYPES } from '../tokenizers/vocabulary.js';
import type { Paddable } from './padding.js';

/** Metadata key of an aligned file: the number of tokens, of which the rows are more (uint32). */
export const VOCABULARY_SIZE_KEY = 'glossa.vocabulary_size';

/**
 * llama.cpp v0.5.0 multiplies by a quantised matrix with faster kernels where its rows are a multiple of 32 (AMX:
 * Q8_0, Q6_K and others), of 8 or 4 (weights repacked for ARM) or of 16 (for RISC-V). 32 serves them all.
 */
const ROW_MULTIPLE = 32;
/** A quantised matrix whose rows are no whole number of blocks becomes F16, which gains nothing. */
const BLOCK = 32;

const EMBEDDING = 'token_embd.weight';
const OUTPUT = 'output.weight';
const VOCABULARY_TENSORS = [EMBEDDING, OUTPUT, 'output.bias'];

/** What llama.cpp's converter gives an unused token as its score. */
const UNUSED_SCORE = -10_000;

/** What a file is to be written from. */
export interface VocabularyPlan<T extends TensorDescription> {
  readonly tensors: readonly T[];
  readonly metadata: GgufMetadata;
}

/** The same with an aligned vocabulary, where that helps. */
export interface AlignedPlan<T extends TensorDescription> extends VocabularyPlan<Paddable<T>> {
  /** Number of rows added; 0 if the file would not gain and is left as it was. */
  readonly addedRows: number;
}

/**
 * Fills the vocabulary up to a number of rows for which llama.cpp has faster kernels: the embedding and the
 * output matrix repeat the row of a rare token, `tokens` get unused entries, and `glossa.vocabulary_size` says how
 * many tokens there are. Embeddings that serve as the output matrix, too, stay one tensor: llama.cpp itself loads
 * them a second time, into the faster kernel's layout, where the number of rows allows it.
 *
 * @param outtype type of the finished file; only quantised ones gain
 * @throws FormatError if the plan has no embedding or its vocabulary and tokens disagree
 */
export function alignVocabulary<T extends TensorDescription>(
  plan: VocabularyPlan<T>,
  outtype: OutputTypeName,
): AlignedPlan<T> {
  const size = stringsOf(plan.metadata, 'tokenizer.ggml.tokens').length;
  const addedRows = align(size, ROW_MULTIPLE) - size;
  if (addedRows === 0 || !gains(plan.tensors, outtype)) return { ...plan, addedRows: 0 };
  const padding = { row: rarestToken(plan.metadata, size), rows: addedRows };
  const tensors = plan.tensors.map((tensor): Paddable<T> =>
    VOCABULARY_TENSORS.includes(tensor.name)
      ? { ...tensor, dimensions: grown(tensor, size, addedRows), padding }
      : tensor,
  );
  return { tensors, metadata: grownMetadata(plan.metadata, size, addedRows), addedRows };
}

/** Whether the matrix that gives the scores becomes one that llama.cpp has such kernels for. */
function gains(tensors: readonly TensorDescription[], outtype: OutputTypeName): boolean {
  const find = (wanted: string): TensorDescription | undefined => tensors.find(({ name }) => name === wanted);
  const matrix = find(OUTPUT) ?? find(EMBEDDING);
  if (matrix === undefined) throw new FormatError('checkpoint', `there is no ${EMBEDDING} to align`);
  // Whatever a quantised file's type, llama.cpp's quantiser makes this matrix Q8_0 or Q6_K.
  return isQuantised(outtype) && (matrix.dimensions[0] ?? 0) % BLOCK === 0;
}

function grown({ name, dimensions }: TensorDescription, size: number, addedRows: number): number[] {
  if (dimensions.at(-1) !== size) {
    throw new FormatError(
      'checkpoint',
      `expected ${size} rows for ${name}, as many as there are tokens, received ${dimensions.at(-1) ?? 0}`,
    );
  }
  return [...dimensions.slice(0, -1), size + addedRows];
}

/**
 * The last ordinary token: BPE learns the rarest last. Its copies tie with it, and a runtime that knows nothing
 * of padding takes the first of equals.
 */
function rarestToken(metadata: GgufMetadata, size: number): number {
  const types = metadata.get('tokenizer.ggml.token_type');
  if (types?.type !== 'array') return size - 1;
  const last = Array.from(types.value as ArrayLike<number>).lastIndexOf(TOKEN_TYPES.normal);
  return last < 0 ? size - 1 : last;
}

function grownMetadata(metadata: GgufMetadata, size: number, addedRows: number): Map<string, GgufValue> {
  const result = new Map<string, GgufValue>(metadata);
  const grow = (key: string, extend: (value: GgufArray) => GgufArray): void => {
    const value = metadata.get(key);
    if (value?.type === 'array') result.set(key, extend(value));
  };
  const padTokens = Array.from({ length: addedRows }, (_, index) => `[PAD${size + index}]`);
  grow('tokenizer.ggml.tokens', (value) => extended(value, padTokens));
  grow('tokenizer.ggml.token_type', (value) => extended(value, repeat(TOKEN_TYPES.unused, addedRows)));
  grow('tokenizer.ggml.scores', (value) => extended(value, repeat(UNUSED_SCORE, addedRows)));
  for (const key of metadata.keys()) {
    if (key.endsWith('.vocab_size')) result.set(key, uint32(size + addedRows));
  }
  return result.set(VOCABULARY_SIZE_KEY, uint32(size));
}

function repeat(value: number, count: number): number[] {
  return new Array<number>(count).fill(value);
}

function extended(array: GgufArray, added: readonly (string | number)[]): GgufArray {
  const value: readonly unknown[] = [...Array.from<unknown>(array.value), ...added];
  // The element type stays, and what is added is of it.
  return { ...array, value } as GgufArray;
}

function stringsOf(metadata: GgufMetadata, key: string): readonly string[] {
  const value = metadata.get(key);
  if (value?.type === 'array' && value.elementType === 'string') return value.value;
  throw new FormatError('GGUF', `expected a list of texts for ${key}`);
}
