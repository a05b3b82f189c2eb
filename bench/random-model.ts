import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import type * as LlamaSource from '../scripts/build/llama-source.mjs';
import type { TensorRule } from '../scripts/convert/architectures/architecture.js';
import { gpt2 } from '../scripts/convert/architectures/gpt2.js';
import { FormatError } from '../scripts/convert/format-error.js';
import { readGguf } from '../scripts/convert/gguf/reader.js';
import { type GgufMetadata, type GgufValue, string, uint32 } from '../scripts/convert/gguf/values.js';
import { GgufWriter } from '../scripts/convert/gguf/writer.js';
import { storedType } from '../scripts/convert/plan.js';
import { transformedShape } from '../scripts/convert/tensors/transform.js';
import { encodeTensor, type WrittenType } from '../scripts/convert/tensors/encode.js';
import { packageRoot } from '../src/engine/addon.js';

const FILE = 'gpt2-124m-random-q8_0.gguf';
/** Raised whenever the file's contents change, so that one made before is made anew. */
const RECIPE = 2;
const RECIPE_KEY = 'glossa.bench.recipe';
/** llama.cpp's source holds GPT-2's vocabulary as a GGUF file without tensors. */
const VOCABULARY = 'models/ggml-vocab-gpt-2.gguf';
const STANDARD_DEVIATION = 0.02;
/** Elements made at a time. */
const CHUNK = 1024 * 1024;

/**
 * A model for benchmarks: GPT-2 124M's shape (12 layers of 768, 12 heads, 1024 positions), GPT-2's own
 * vocabulary, random weights, in Q8_0. Made on the first call, which takes about 250 MB of disk for a moment;
 * the same weights
 * every time.
 *
 * @param cacheDir where it is kept, made if absent
 * @returns the file's path
 */
export async function ensureBenchModel(cacheDir: string): Promise<string> {
  const path = join(cacheDir, FILE);
  if (await isCurrent(path)) return path;
  await mkdir(cacheDir, { recursive: true });
  const metadata = await benchMetadata();
  await writeModel(path, metadata);
  return path;
}

/** Whole (the reader checks that) and made by this recipe; the file is only ever renamed into place. */
async function isCurrent(path: string): Promise<boolean> {
  try {
    const { metadata } = await readGguf(path);
    return metadata.get(RECIPE_KEY)?.value === RECIPE;
  } catch (error) {
    if (error instanceof FormatError || (error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

async function benchMetadata(): Promise<GgufMetadata> {
  const vocabulary = await readVocabulary();
  return new Map<string, GgufValue>([
    ['general.architecture', string('gpt2')],
    ['general.type', string('model')],
    ['general.name', string('Random GPT-2 124M')],
    ...gpt2.describe({}).metadata,
    ['general.file_type', uint32(7)],
    [RECIPE_KEY, uint32(RECIPE)],
    ...[...vocabulary].filter(([key]) => key.startsWith('tokenizer.')),
  ]);
}

async function readVocabulary(): Promise<GgufMetadata> {
  const folder = await mkdtemp(join(tmpdir(), 'glossa-vocabulary-'));
  try {
    // A script in plain JavaScript, which the compiler does not carry to dist/: found from the package's root.
    const script = pathToFileURL(join(packageRoot(), 'scripts', 'build', 'llama-source.mjs')).href;
    const { extractFromBundle } = (await import(script)) as typeof LlamaSource;
    await extractFromBundle([VOCABULARY], folder);
    return (await readGguf(join(folder, VOCABULARY))).metadata;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function writeModel(path: string, metadata: GgufMetadata): Promise<void> {
  const rules = gpt2.describe({}).tensors.filter((rule) => rule.optional !== true);
  const tensors = rules.map((rule) => {
    const dimensions = [...transformedShape(rule.transform, rule.shape)].reverse();
    return { name: rule.target, type: storedType(rule.target, dimensions, 'Q8_0'), dimensions, rule };
  });
  const source = new NormalSource(STANDARD_DEVIATION);
  const writer = await GgufWriter.create(path, metadata, tensors);
  try {
    for (const { name, type, rule } of tensors) await writer.writeTensor(name, weights(rule, type, source));
    await writer.finish();
  } finally {
    await writer.discard();
  }
}

/** Normal for matrices; layer norms are 1, biases 0. */
async function* weights(
  { target, shape }: TensorRule,
  type: WrittenType,
  source: NormalSource,
): AsyncGenerator<Uint8Array> {
  const count = shape.reduce((product, length) => product * length, 1);
  for (let start = 0; start < count; start += CHUNK) {
    const values = new Float32Array(Math.min(CHUNK, count - start));
    if (shape.length > 1) source.fill(values);
    else values.fill(target.endsWith('_norm.weight') ? 1 : 0);
    const data = new Uint8Array(values.buffer);
    // Rows are whole blocks, so that blocks may be taken for rows.
    const encoded = await encodeTensor({ data, dtype: 'F32' }, { type, columns: type === 'Q8_0' ? 32 : 1 });
    yield encoded.data;
  }
}

const TABLE_BITS = 16;

/**
 * Normally distributed numbers, the same sequence every time. They are drawn from a table of 65,536 normal
 * numbers: millions a second are needed, and nothing more of them than the right distribution.
 */
class NormalSource {
  readonly #table: Float32Array;
  #state = 0x9e3779b9;

  /** @param standardDeviation of the numbers, whose mean is 0 */
  constructor(standardDeviation: number) {
    this.#table = new Float32Array(1 << TABLE_BITS);
    for (let index = 0; index < this.#table.length; index += 2) {
      // Box-Muller; 1 - u keeps the logarithm's argument above zero.
      const radius = standardDeviation * Math.sqrt(-2 * Math.log(1 - this.#uniform()));
      const angle = 2 * Math.PI * this.#uniform();
      this.#table[index] = radius * Math.cos(angle);
      this.#table[index + 1] = radius * Math.sin(angle);
    }
  }

  /** Fills an array with the next numbers. */
  fill(target: Float32Array): void {
    for (let index = 0; index < target.length; index += 1) {
      target[index] = this.#table[this.#next() >>> (32 - TABLE_BITS)] ?? 0;
    }
  }

  /** In [0, 1). */
  #uniform(): number {
    return (this.#next() >>> 0) / 2 ** 32;
  }

  /** Marsaglia's xorshift32. */
  #next(): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state;
    return state;
  }
}
