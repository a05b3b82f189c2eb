import { GlossaError } from '../errors.js';

/** What JSON may hold. */
export interface JsonBounds {
  /** Arrays and objects within each other. */
  readonly depth: number;
  /** Keys of all objects, of which each costs the parser a microsecond or more. */
  readonly keys: number;
  /** Arrays and objects. */
  readonly containers: number;
  /** Elements, and pairs of objects. */
  readonly values: number;
}

/**
 * Of a body. No API here has a use for a tenth of the depth: JSON schemas nest deepest. Sequences of ids with a bias each
 * take the most arrays. Token ids make long ones, and are cheap.
 */
const BODY: JsonBounds = { depth: 1000, keys: 131_072, containers: 200_000, values: 4_200_000 };

const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/**
 * Refuses a body that would keep the parser busy for seconds: it takes eight megabytes of brackets a hundred times as
 * long as as much text.
 *
 * @param bytes UTF-8
 * @throws GlossaError INVALID_REQUEST
 */
export function checkJsonBounds(bytes: Uint8Array): void {
  const excess = new JsonMeter(BODY).excessWith(bytes);
  if (excess === undefined) return;
  throw new GlossaError('INVALID_REQUEST', `expected a JSON object as the body, received one that ${excess}`);
}

/** Counts what JSON texts hold together. One look at each byte; whether it is JSON at all is the parser's to say. */
export class JsonMeter {
  readonly #bounds: JsonBounds;
  #keys = 0;
  #containers = 0;
  #commas = 0;

  constructor(bounds: JsonBounds) {
    this.#bounds = bounds;
  }

  /**
   * Adds a text, up to the first thing that is too much.
   *
   * @param bytes UTF-8
   * @returns "is nested deeper than 1000"; undefined if nothing is too much
   */
  excessWith(bytes: Uint8Array): string | undefined {
    const { depth: deepest, keys, containers, values } = this.#bounds;
    let depth = 0;
    for (let index = 0; index < bytes.length; index += 1) {
      switch (bytes[index]) {
        case QUOTE:
          index = endOfText(bytes, index);
          break;
        case COMMA:
          if (++this.#commas > values) return `holds more than ${values} values`;
          break;
        case COLON:
          if (++this.#keys > keys) return `holds more than ${keys} keys`;
          break;
        case OPEN_ARRAY:
        case OPEN_OBJECT:
          if (++depth > deepest) return `is nested deeper than ${deepest}`;
          if (++this.#containers > containers) return `holds more than ${containers} arrays and objects`;
          break;
        case CLOSE_ARRAY:
        case CLOSE_OBJECT:
          depth -= 1;
          break;
        default:
      }
    }
    return undefined;
  }
}

/** Where the closing quote is of the text that begins at `start`, or the end of all. */
function endOfText(bytes: Uint8Array, start: number): number {
  let index = start + 1;
  while (index < bytes.length && bytes[index] !== QUOTE) index += bytes[index] === BACKSLASH ? 2 : 1;
  return index;
}
