import { isUtf8 } from 'node:buffer';

import { quote } from '../format-error.js';
import { fault } from './fault.js';
import { kindOf, PickledDict, type PickleValue } from './values.js';

/** Nested marks that a state dict never comes near: pickle's own nest twice. */
const MAX_MARKS = 1000;
/** A name of a module or of what is in it. */
const MAX_NAME_BYTES = 256;

/** The state of an unpickler: the bytes left, the stack with its marks, the memo. */
export class PickleMachine {
  readonly #bytes: Buffer;
  #position = 0;
  #stack: PickleValue[] = [];
  readonly #marks: number[] = [];
  readonly #memo = new Map<number, PickleValue>();

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get position(): number {
    return this.#position;
  }

  get remaining(): number {
    return this.#bytes.length - this.#position;
  }

  /** The next `length` bytes. */
  take(length: number | bigint, what: string): Buffer {
    if (length > this.remaining) {
      throw fault(
        `expected ${length.toString()} bytes for ${what} at byte ${this.#position} of data.pkl, which has ${this.remaining} left`,
      );
    }
    const start = this.#position;
    this.#position += Number(length);
    return this.#bytes.subarray(start, this.#position);
  }

  text(length: number | bigint, what: string): string {
    const bytes = this.take(length, what);
    if (!isUtf8(bytes)) throw fault(`${what} in data.pkl is not UTF-8`);
    return bytes.toString('utf8');
  }

  /** Text up to the end of its line, as GLOBAL has it. */
  line(what: string): string {
    const window = this.#bytes.subarray(this.#position, this.#position + MAX_NAME_BYTES);
    const end = window.indexOf(0x0a);
    if (end < 0) throw fault(`expected ${what} of at most ${MAX_NAME_BYTES} bytes and a line feed behind it`);
    const text = this.text(end, what);
    this.#position += 1;
    return text;
  }

  push(value: PickleValue): void {
    this.#stack.push(value);
  }

  /** Nothing below the last mark can be popped. */
  pop(): PickleValue {
    if (this.#stack.length <= (this.#marks.at(-1) ?? 0)) throw fault('the stack of data.pkl underflows');
    return this.#stack.pop() as PickleValue;
  }

  top(): PickleValue {
    const value = this.pop();
    this.#stack.push(value);
    return value;
  }

  mark(): void {
    if (this.#marks.length === MAX_MARKS) throw fault(`more than ${MAX_MARKS} marks are nested in data.pkl`);
    this.#marks.push(this.#stack.length);
  }

  /** Everything above the last mark, which goes with it. */
  popToMark(): PickleValue[] {
    const mark = this.#marks.pop();
    if (mark === undefined) throw fault('an opcode of data.pkl needs a mark, and there is none');
    return this.#stack.splice(mark);
  }

  memoize(index = this.#memo.size): void {
    this.#memo.set(index, this.top());
  }

  recall(index: number): void {
    const value = this.#memo.get(index);
    if (value === undefined) throw fault(`the memo of data.pkl has no entry ${index}`);
    this.push(value);
  }

  /** Puts keys and values, one after the other, into the dict on top of the stack. */
  setItems(items: readonly PickleValue[]): void {
    const target = this.top();
    if (!(target instanceof PickledDict))
      throw fault(`expected a dict to put items in, received ${kindOf(target)}`);
    if (items.length % 2 !== 0) throw fault('expected a value for every key of a dict');
    for (let index = 0; index < items.length; index += 2) {
      const [key = null, value = null] = [items[index], items[index + 1]];
      if (typeof key !== 'string' && typeof key !== 'number') {
        throw fault(`expected a text or an int for the key of a dict, received ${kindOf(key)}`);
      }
      if (!target.add(key, value)) throw fault(`the key ${quote(String(key))} appears twice in a dict`);
    }
  }

  /** What is left when the pickle stops: one value and no more bytes. */
  finish(): PickleValue {
    if (this.remaining > 0) throw fault(`${this.remaining} bytes follow the end of data.pkl's pickle`);
    if (this.#marks.length > 0) throw fault('a mark is left at the end of data.pkl');
    const value = this.pop();
    if (this.#stack.length > 0)
      throw fault(`${this.#stack.length} values too many are left at the end of data.pkl`);
    return value;
  }
}
