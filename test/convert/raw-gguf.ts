/** A GGUF file written by hand, byte by byte, so that it can be wrong in every way. */
export class RawGguf {
  readonly #parts: Buffer[] = [];

  bytes(...values: number[]): this {
    this.#parts.push(Buffer.from(values));
    return this;
  }

  ascii(text: string): this {
    this.#parts.push(Buffer.from(text, 'latin1'));
    return this;
  }

  u32(value: number): this {
    const buffer = Buffer.alloc(4);
    buffer.writeUInt32LE(value);
    this.#parts.push(buffer);
    return this;
  }

  u64(value: number | bigint): this {
    const buffer = Buffer.alloc(8);
    buffer.writeBigUInt64LE(BigInt(value));
    this.#parts.push(buffer);
    return this;
  }

  /** A length-prefixed string. */
  text(text: string): this {
    this.u64(Buffer.byteLength(text));
    this.#parts.push(Buffer.from(text));
    return this;
  }

  /** Magic, version and counts. */
  header(tensors: number | bigint, keys: number | bigint, version = 3): this {
    return this.ascii('GGUF').u32(version).u64(tensors).u64(keys);
  }

  /** A key with a uint32. */
  key(name: string, value: number): this {
    return this.text(name).u32(4).u32(value);
  }

  /** A tensor's description; F32 (type 0) unless told otherwise. */
  tensor(name: string, dimensions: readonly (number | bigint)[], offset: number | bigint, type = 0): this {
    this.text(name).u32(dimensions.length);
    for (const dimension of dimensions) this.u64(dimension);
    return this.u32(type).u64(offset);
  }

  /** Zeros up to a multiple of `alignment`, then `length` bytes of data. */
  data(length: number, alignment = 32): this {
    const size = this.build().length;
    this.#parts.push(Buffer.alloc(Math.ceil(size / alignment) * alignment - size + length));
    return this;
  }

  build(): Buffer {
    return Buffer.concat(this.#parts);
  }
}
