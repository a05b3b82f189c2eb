import { JsonMeter, type JsonBounds } from '../../../server/json-bounds.js';

/** UTF-16 units of one call's arguments at most. */
const MOST_CHARACTERS = 262_144;
/** In the arguments of all calls of a conversation: each value is parsed, looked through, and written by the template. */
const BOUNDS: JsonBounds = { depth: 1000, keys: 30_000, containers: 30_000, values: 30_000 };

/** Measures the arguments of a conversation's calls, before the first of them is parsed. */
export class ArgumentsSize {
  readonly #meter = new JsonMeter(BOUNDS);

  /** What is too much once these arguments are added; undefined if nothing is, and for what is no text. */
  faultWith(given: unknown): string | undefined {
    if (typeof given !== 'string') return undefined;
    if (given.length > MOST_CHARACTERS) return `expected at most ${MOST_CHARACTERS} characters`;
    const excess = this.#meter.excessWith(Buffer.from(given));
    return excess === undefined ? undefined : `expected less JSON: with the calls before it, it ${excess}`;
  }
}
