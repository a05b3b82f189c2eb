import { isUtf8 } from 'node:buffer';

import { FormatError } from '../../format-error.js';

/** How a field is written (protocol buffers' encoding document). Groups, 3 and 4, are long out of use. */
const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

const WIRE_NAMES = new Map<number, string>(Object.entries(WIRE).map(([name, type]) => [type, name]));
const MAX_VARINT_BYTES = 10;
const MAX_FIELD = 2 ** 29 - 1;

/**
 * Reads the fields of one protocol-buffers message in order. Unknown fields are for the caller to skip, as the
 * format has it.
 */
export class MessageReader {
  /** Number of the field that `next` moved to. */
  field = 0;
  #wire = 0;
  #position = 0;
  readonly #bytes: Buffer;
  readonly #name: string;

  /** @param name what the message is, for error messages */
  constructor(bytes: Buffer, name: string) {
    this.#bytes = bytes;
    this.#name = name;
  }

  /**
   * Moves to the next field; false at the end.
   *
   * @throws FormatError if what is there is no field
   */
  next(): boolean {
    if (this.#position >= this.#bytes.length) return false;
    const tag = this.#varint();
    this.field = Math.floor(tag / 8);
    this.#wire = tag % 8;
    if (this.field < 1 || this.field > MAX_FIELD) {
      throw this.#error(`expected a field number from 1 to ${MAX_FIELD}, received ${this.field}`);
    }
    if (!WIRE_NAMES.has(this.#wire)) {
      throw this.#error(
        `expected a wire type of 0, 1, 2 or 5 for field ${this.field}, received ${this.#wire}`,
      );
    }
    return true;
  }

  /** Leaves the field out. */
  skip(): void {
    if (this.#wire === WIRE.varint) this.#varint();
    else if (this.#wire === WIRE.bytes) this.#take(this.#varint());
    else this.#take(this.#wire === WIRE.fixed64 ? 8 : 4);
  }

  /** A signed number of 32 bits or an enumeration's. */
  int32(): number {
    this.#expect('varint');
    return this.#varint() | 0;
  }

  bool(): boolean {
    this.#expect('varint');
    return this.#varint() !== 0;
  }

  float(): number {
    this.#expect('fixed32');
    return this.#take(4).readFloatLE();
  }

  /** A view of the field's bytes, not a copy. */
  bytes(): Buffer {
    this.#expect('bytes');
    return this.#take(this.#varint());
  }

  text(): string {
    const bytes = this.bytes();
    if (!isUtf8(bytes)) throw this.#error(`field ${this.field} is not UTF-8`);
    return bytes.toString('utf8');
  }

  #expect(wire: keyof typeof WIRE): void {
    if (this.#wire === WIRE[wire]) return;
    throw this.#error(
      `expected ${wire} for field ${this.field}, received ${WIRE_NAMES.get(this.#wire) ?? this.#wire}`,
    );
  }

  /** The low 32 bits are exact, negative numbers included; lengths and tags beyond 53 bits are refused later. */
  #varint(): number {
    let low = 0;
    let high = 0;
    for (let index = 0; index < MAX_VARINT_BYTES; index += 1) {
      const byte = this.#bytes[this.#position];
      if (byte === undefined) throw this.#error('the message ends within a number');
      this.#position += 1;
      if (index < 4) low += (byte & 0x7f) * 2 ** (7 * index);
      else high += (byte & 0x7f) * 2 ** (7 * (index - 4));
      if (byte < 0x80) return high === 0 ? low : combine(low, high);
    }
    throw this.#error(`a number is longer than ${MAX_VARINT_BYTES} bytes`);
  }

  #take(length: number): Buffer {
    const left = this.#bytes.length - this.#position;
    if (length < 0 || length > left) {
      throw this.#error(`field ${this.field} is longer than the ${left} bytes that are left`);
    }
    this.#position += length;
    return this.#bytes.subarray(this.#position - length, this.#position);
  }

  #error(message: string): FormatError {
    return new FormatError('tokenizer.model', `${this.#name}: ${message}`);
  }
}

/** `low` has 28 bits. The remainder keeps the low 32 bits exact where the sum would have been rounded. */
function combine(low: number, high: number): number {
  const sum = low + high * 2 ** 28;
  if (Number.isSafeInteger(sum)) return sum;
  const bits = (low + (high % 16) * 2 ** 28) >>> 0;
  // What is no safe integer is a negative number of 64 bits or nonsense: both must not pass as a length.
  return (bits | 0) - 2 ** 40;
}
