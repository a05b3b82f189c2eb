import { GlossaError } from '../errors.js';

/** Arrays and objects within each other. No API here has a use for a tenth of it; JSON schemas nest deepest. */
const MOST_DEPTH = 1000;
/** Keys of all objects, of which each costs the parser a microsecond or more. */
const MOST_KEYS = 131_072;
/** Arrays and objects: sequences of ids with a bias each take the most. */
const MOST_CONTAINERS = 200_000;
/** Elements and pairs. Token ids make long arrays, and are cheap. */
const MOST_VALUES = 4_200_000;

const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/**
 * Refuses JSON that would keep the parser busy for seconds: it takes eight megabytes of brackets a hundred times as
 * long as as much text. One look at each byte, before anything is built; whether it is JSON at all is the parser's to say.
 *
 * @param bytes UTF-8
 * @throws GlossaError INVALID_REQUEST
 */
export function checkJsonBounds(bytes: Uint8Array): void {
  let depth = 0;
  let containers = 0;
  let keys = 0;
  let commas = 0;
  for (let index = 0; index < bytes.length; index += 1) {
    switch (bytes[index]) {
      case QUOTE:
        index = endOfText(bytes, index);
        break;
      case COMMA:
        if (++commas > MOST_VALUES) throw tooMuch(`holds more than ${MOST_VALUES} values`);
        break;
      case COLON:
        if (++keys > MOST_KEYS) throw tooMuch(`holds more than ${MOST_KEYS} keys`);
        break;
      case OPEN_ARRAY:
      case OPEN_OBJECT:
        if (++depth > MOST_DEPTH) throw tooMuch(`is nested deeper than ${MOST_DEPTH}`);
        if (++containers > MOST_CONTAINERS)
          throw tooMuch(`holds more than ${MOST_CONTAINERS} arrays and objects`);
        break;
      case CLOSE_ARRAY:
      case CLOSE_OBJECT:
        depth -= 1;
        break;
      default:
    }
  }
}

/** Where the closing quote is of the text that begins at `start`, or the end of all. */
function endOfText(bytes: Uint8Array, start: number): number {
  let index = start + 1;
  while (index < bytes.length && bytes[index] !== QUOTE) index += bytes[index] === BACKSLASH ? 2 : 1;
  return index;
}

function tooMuch(fault: string): GlossaError {
  return new GlossaError('INVALID_REQUEST', `expected a JSON object as the body, received one that ${fault}`);
}
