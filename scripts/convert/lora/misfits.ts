import { FormatError, quote } from '../format-error.js';

/** How many are named; the others are counted. */
const NAMED = 3;

/** What of an adapter has no place in the base, collected so that one message can list it. */
export class Misfits {
  readonly #found: string[] = [];

  /** A tensor or module that the base does not have. */
  missing(name: string): void {
    this.#found.push(`${quote(name)} has no counterpart`);
  }

  shape(name: string, expected: readonly number[], received: readonly number[]): void {
    this.#found.push(
      `expected shape [${expected.join(', ')}] for ${quote(name)}, received [${received.join(', ')}]`,
    );
  }

  /** Something else about one of its tensors. */
  other(name: string, reason: string): void {
    this.#found.push(`${quote(name)} ${reason}`);
  }

  /** @throws FormatError naming the first of them if there are any */
  check(adapter: string): void {
    if (this.#found.length === 0) return;
    const rest = this.#found.length - NAMED;
    const others = rest > 0 ? `; and ${rest} more` : '';
    throw new FormatError(
      'adapter',
      `${quote(adapter)} does not fit the base: ${this.#found.slice(0, NAMED).join('; ')}${others}`,
    );
  }
}
