import { type FileHandle, open } from 'node:fs/promises';

import { FormatError, quote } from '../format-error.js';
import { TemporaryFile } from '../temporary-file.js';
import { encodeHead } from './encode.js';
import { type GgmlTypeName, tensorBytes } from './ggml-types.js';
import {
  align,
  ALIGNMENT_KEY,
  DEFAULT_ALIGNMENT,
  MAX_DIMENSIONS,
  MAX_KEY_BYTES,
  MAX_TENSOR_NAME_BYTES,
} from './limits.js';
import type { GgufMetadata } from './values.js';

/** A tensor that will be written. */
export interface TensorDescription {
  readonly name: string;
  readonly type: GgmlTypeName;
  /** Elements per dimension, fastest-varying first: the reverse of a Hugging Face shape. */
  readonly dimensions: readonly number[];
}

/** A tensor's data, whole or in pieces that are written in order; a piece may be reused once it is written. */
export type TensorData = Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

interface WriterTarget {
  readonly file: TemporaryFile;
  /** Whether the writer made it and has to commit it. */
  readonly owned: boolean;
}

interface PlannedTensor extends TensorDescription {
  readonly offset: number;
  readonly bytes: number;
}

/**
 * Writes a GGUF v3 file front to back, holding no more than the piece at hand. It goes to a temporary file
 * beside the final name, which `finish` flushes and renames; until then, and after `discard`, nothing stands
 * under the final name. It may also be given a temporary file, whose owner commits it.
 */
export class GgufWriter {
  readonly #file: TemporaryFile;
  readonly #ownsFile: boolean;
  readonly #handle: FileHandle;
  readonly #tensors: readonly PlannedTensor[];
  readonly #alignment: number;
  #written = 0;
  #closed = false;
  #finished = false;

  private constructor(
    target: WriterTarget,
    handle: FileHandle,
    tensors: readonly PlannedTensor[],
    alignment: number,
  ) {
    this.#file = target.file;
    this.#ownsFile = target.owned;
    this.#handle = handle;
    this.#tensors = tensors;
    this.#alignment = alignment;
  }

  /**
   * Opens the temporary file and writes everything that precedes the tensors' data.
   *
   * @param target the final name, replaced by `finish` if it exists; or a temporary file to fill
   * @param tensors in the order in which `writeTensor` will be called
   * @throws FormatError if names, shapes or values cannot be expressed in GGUF
   */
  static async create(
    target: string | TemporaryFile,
    metadata: GgufMetadata,
    tensors: readonly TensorDescription[],
  ): Promise<GgufWriter> {
    checkKeys(metadata);
    const alignment = alignmentOf(metadata);
    const planned = placeTensors(tensors, alignment);
    const head = encodeHead(metadata, planned);
    const owned = typeof target === 'string';
    const file = owned ? TemporaryFile.beside(target) : target;
    try {
      const handle = await open(file.path, 'wx');
      const writer = new GgufWriter({ file, owned }, handle, planned, alignment);
      await writer.#writeHead(head);
      return writer;
    } catch (error) {
      await file.discard();
      throw error;
    }
  }

  /**
   * Writes the next tensor's data.
   *
   * @throws FormatError if it is not that tensor's turn or the data has not exactly its size
   */
  async writeTensor(name: string, data: TensorData): Promise<void> {
    const tensor = this.#tensors[this.#written];
    if (tensor?.name !== name) {
      const expected = tensor === undefined ? 'no further tensor' : quote(tensor.name);
      throw new FormatError('GGUF', `expected ${expected} to be written next, received ${quote(name)}`);
    }
    let bytes = 0;
    for await (const piece of data instanceof Uint8Array ? [data] : data) {
      bytes += piece.length;
      if (bytes > tensor.bytes) break;
      await this.#write(piece);
    }
    if (bytes !== tensor.bytes) {
      throw new FormatError(
        'GGUF',
        `expected ${tensor.bytes} bytes for tensor ${quote(name)}, received ${bytes}`,
      );
    }
    await this.#pad(bytes);
    this.#written += 1;
  }

  /** Flushes the file and gives it its final name. All tensors must have been written. */
  async finish(): Promise<void> {
    const missing = this.#tensors[this.#written];
    if (missing !== undefined) throw new FormatError('GGUF', `tensor ${quote(missing.name)} was not written`);
    await this.#close();
    if (this.#ownsFile) await this.#file.commit();
    this.#finished = true;
  }

  /** Removes what was written. Idempotent; does nothing after `finish`. */
  async discard(): Promise<void> {
    if (this.#finished) return;
    await this.#close();
    await this.#file.discard();
  }

  async #writeHead(head: Buffer): Promise<void> {
    try {
      await this.#write(head);
      // A file without tensors has no data section that would have to be aligned.
      if (this.#tensors.length > 0) await this.#pad(head.length);
    } catch (error) {
      await this.#close();
      throw error;
    }
  }

  async #close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#handle.close();
  }

  async #write(bytes: Uint8Array): Promise<void> {
    let done = 0;
    while (done < bytes.length) {
      const { bytesWritten } = await this.#handle.write(bytes, done, bytes.length - done);
      done += bytesWritten;
    }
  }

  async #pad(length: number): Promise<void> {
    await this.#write(Buffer.alloc(align(length, this.#alignment) - length));
  }
}

function alignmentOf(metadata: GgufMetadata): number {
  const entry = metadata.get(ALIGNMENT_KEY);
  if (entry === undefined) return DEFAULT_ALIGNMENT;
  const alignment = entry.type === 'uint32' ? entry.value : 0;
  if (alignment < 8 || (alignment & (alignment - 1)) !== 0) {
    throw new FormatError('GGUF', `expected a uint32 power of two, at least 8, for ${ALIGNMENT_KEY}`);
  }
  return alignment;
}

function checkKeys(metadata: GgufMetadata): void {
  for (const key of metadata.keys()) {
    if (key === '' || Buffer.byteLength(key) > MAX_KEY_BYTES) {
      throw new FormatError(
        'GGUF',
        `expected 1 to ${MAX_KEY_BYTES} bytes for a metadata key, received ${quote(key)}`,
      );
    }
  }
}

function placeTensors(tensors: readonly TensorDescription[], alignment: number): PlannedTensor[] {
  const names = new Set<string>();
  let offset = 0;
  return tensors.map((tensor) => {
    const what = `tensor ${quote(tensor.name)}`;
    if (names.has(tensor.name)) throw new FormatError('GGUF', `${what} appears twice`);
    names.add(tensor.name);
    if (Buffer.byteLength(tensor.name) > MAX_TENSOR_NAME_BYTES) {
      throw new FormatError(
        'GGUF',
        `expected at most ${MAX_TENSOR_NAME_BYTES} bytes for the name of ${what}`,
      );
    }
    const bytes = tensorBytes(tensor.type, tensor.dimensions);
    if (bytes === undefined || tensor.dimensions.length > MAX_DIMENSIONS) {
      throw new FormatError(
        'GGUF',
        `${what} cannot have shape [${tensor.dimensions.join(', ')}] in ${tensor.type}`,
      );
    }
    const planned = { ...tensor, offset, bytes };
    offset = align(offset + bytes, alignment);
    return planned;
  });
}
