import { isUtf8 } from 'node:buffer';
import type { FileHandle } from 'node:fs/promises';

import { FormatError } from '../format-error.js';
import { readExactly } from '../read-exactly.js';

const WINDOW_BYTES = 256 * 1024;

/**
 * Reads a file forwards through a window of fixed size, so that what an unread part claims about its size
 * costs nothing. Nothing can be read past `end`.
 */
export class Cursor {
  readonly #handle: FileHandle;
  readonly #end: number;
  #window: Buffer = Buffer.alloc(0);
  #windowStart = 0;
  #offset = 0;

  /** @param end offset behind the last byte that may be read */
  constructor(handle: FileHandle, end: number) {
    this.#handle = handle;
    this.#end = end;
  }

  /** Offset of the next byte in the file. */
  get position(): number {
    return this.#windowStart + this.#offset;
  }

  get remaining(): number {
    return this.#end - this.position;
  }

  async uint32(what: string): Promise<number> {
    await this.#ensure(4, what);
    const value = this.#window.readUInt32LE(this.#offset);
    this.#offset += 4;
    return value;
  }

  async uint64(what: string): Promise<bigint> {
    await this.#ensure(8, what);
    const value = this.#window.readBigUInt64LE(this.#offset);
    this.#offset += 8;
    return value;
  }

  /** A count or length: an unsigned 64-bit number that must not exceed `limit`. */
  async count(what: string, limit: number): Promise<number> {
    const value = await this.uint64(what);
    if (value > BigInt(limit)) {
      throw new FormatError('GGUF', `expected at most ${limit} for ${what}, received ${value.toString()}`);
    }
    return Number(value);
  }

  /** The next `length` bytes in a buffer of their own that starts at offset 0 of its memory. */
  async bytes(length: number, what: string): Promise<Uint8Array<ArrayBuffer>> {
    this.#checkRemaining(length, what);
    const result = new Uint8Array(length);
    const buffered = Math.min(length, this.#window.length - this.#offset);
    result.set(this.#window.subarray(this.#offset, this.#offset + buffered));
    if (buffered < length)
      await readExactly(this.#handle, result.subarray(buffered), this.position + buffered);
    this.#skip(length);
    return result;
  }

  /** A string with its length in front. */
  async string(what: string, limit: number): Promise<string> {
    const length = await this.count(`the length of ${what}`, limit);
    this.#checkRemaining(length, what);
    if (length > WINDOW_BYTES) return decode(await this.bytes(length, what), what);
    await this.#ensure(length, what);
    const bytes = this.#window.subarray(this.#offset, this.#offset + length);
    this.#offset += length;
    return decode(bytes, what);
  }

  #skip(length: number): void {
    this.#windowStart += this.#offset + length;
    this.#window = Buffer.alloc(0);
    this.#offset = 0;
  }

  #checkRemaining(length: number, what: string): void {
    if (length <= this.remaining) return;
    throw new FormatError(
      'GGUF',
      `the file ends inside ${what}: ${length} bytes needed at offset ${this.position}, ${this.remaining} left`,
    );
  }

  async #ensure(length: number, what: string): Promise<void> {
    if (this.#window.length - this.#offset >= length) return;
    this.#checkRemaining(length, what);
    const position = this.position;
    const window = Buffer.alloc(Math.min(WINDOW_BYTES, this.#end - position));
    await readExactly(this.#handle, window, position);
    this.#window = window;
    this.#windowStart = position;
    this.#offset = 0;
  }
}

function decode(bytes: Uint8Array, what: string): string {
  if (!isUtf8(bytes)) throw new FormatError('GGUF', `expected UTF-8 for ${what}`);
  // Not TextDecoder: it would drop a leading U+FEFF, which is a token of its own in many vocabularies.
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}
