import { GlossaError } from '../errors.js';
import { isJsonObject } from '../server/json-body.js';
import { MAX_VALUE_DEPTH } from './template/limits.js';
import type { SpecialTexts } from './special-texts.js';

/** First of the code units that Unicode leaves to everybody. */
const PRIVATE_USE = 0xe000;
const FIRST_SURROGATE = 0xd800;
/** Special texts in a conversation's texts at most: each takes work on the thread that answers everybody. */
const MOST_SPECIAL_TEXTS = 65_536;

/**
 * Texts of a client on their way through a template: a mark breaks what would be a special token there. Taken out
 * again after the rendering, it tells where such a text stood.
 */
export class ClientTexts {
  /** A character that no text of the client or the template has. */
  readonly mark: string;
  /** Special texts that may still be found. */
  #room = MOST_SPECIAL_TEXTS;

  /**
   * @param texts all that goes into the template, and the template
   * @throws GlossaError INVALID_REQUEST if they use every character there is
   */
  constructor(texts: Iterable<string>) {
    const used = new Uint8Array(65_536);
    for (const text of texts) {
      for (let index = 0; index < text.length; index += 1) used[text.charCodeAt(index)] = 1;
    }
    const free = used.indexOf(0, PRIVATE_USE);
    // Control characters are left alone: a template may strip them.
    const mark = free >= 0 ? free : used.subarray(0, FIRST_SURROGATE).indexOf(0, 0x100);
    if (mark < 0) {
      throw new GlossaError('INVALID_REQUEST', 'messages: expected not to use every character of Unicode', {
        param: 'messages',
      });
    }
    this.mark = String.fromCharCode(mark);
  }

  /**
   * What JSON can hold, with every special text in its texts and keys broken.
   *
   * @throws GlossaError INVALID_REQUEST if there are too many in all that was broken so far
   */
  broken(value: unknown, specials: SpecialTexts): unknown {
    if (typeof value === 'string') return this.#brokenText(value, specials);
    if (Array.isArray(value)) return value.map((item) => this.broken(item, specials));
    if (!isJsonObject(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [
        this.#brokenText(key, specials),
        this.broken(item, specials),
      ]),
    );
  }

  #brokenText(text: string, specials: SpecialTexts): string {
    const broken = specials.broken(text, this.mark, this.#room);
    if (broken === undefined) {
      const message = `messages: expected at most ${MOST_SPECIAL_TEXTS} texts that look like the model's special tokens, received more`;
      throw new GlossaError('INVALID_REQUEST', message, { param: 'messages' });
    }
    this.#room -= (broken.length - text.length) / this.mark.length;
    return broken;
  }
}

/**
 * All texts in a JSON value, keys included.
 *
 * @throws GlossaError INVALID_REQUEST for a value that is nested too deep
 */
export function* textsIn(value: unknown, param: string, depth = 0): Generator<string, undefined> {
  if (typeof value === 'string') yield value;
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth === MAX_VALUE_DEPTH - 8) {
    throw new GlossaError(
      'INVALID_REQUEST',
      `${param}: expected values nested at most ${depth} deep, received more`,
      { param },
    );
  }
  for (const [key, item] of Object.entries(value)) {
    if (!Array.isArray(value)) yield key;
    yield* textsIn(item, param, depth + 1);
  }
  return undefined;
}
