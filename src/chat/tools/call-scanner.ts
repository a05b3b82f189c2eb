/** What a scanned character says. */
export type CallEvent =
  | { readonly type: 'name'; readonly name: string }
  | { readonly type: 'arguments'; readonly text: string }
  | { readonly type: 'end' };

type State = 'start' | 'key' | 'keyText' | 'colon' | 'value' | 'text' | 'arguments' | 'after';

const SPACE = /^[ \t\r\n]$/;
/** Of a name, with its quotes. */
const MAX_NAME = 256;

/**
 * Reads one call, an object with a name and then arguments, character by character. Arguments are handed on as they are
 * written; only their end is looked for.
 */
export class CallScanner {
  #state: State = 'start';
  #key = '';
  #text = '';
  #escaped = false;
  #inText = false;
  #depth = 0;
  #named = false;
  #hasArguments = false;

  /** @returns what the character says; undefined: nothing yet; 'malformed': it is no part of a call */
  next(character: string): CallEvent | 'malformed' | undefined {
    if (this.#state === 'keyText' || this.#state === 'text') return this.#inString(character);
    if (this.#state === 'arguments') return this.#inArguments(character);
    return SPACE.test(character) ? undefined : this.#structure(character);
  }

  #structure(character: string): CallEvent | 'malformed' | undefined {
    switch (`${this.#state} ${character}`) {
      case 'start {':
      case 'after ,':
        this.#state = 'key';
        return undefined;
      case 'key "':
        this.#beginString('keyText');
        return undefined;
      case 'colon :':
        this.#state = 'value';
        return undefined;
      case 'value "':
        if (this.#isArguments()) return 'malformed';
        this.#beginString('text');
        return undefined;
      case 'value {':
        if (!this.#isArguments() || !this.#named || this.#hasArguments) return 'malformed';
        this.#state = 'arguments';
        return this.#inArguments(character);
      case 'after }':
        return this.#named ? { type: 'end' } : 'malformed';
      default:
        return 'malformed';
    }
  }

  /** Whether there were any; a call without has none. */
  get hasArguments(): boolean {
    return this.#hasArguments;
  }

  #isArguments(): boolean {
    return this.#key === 'arguments' || this.#key === 'parameters';
  }

  #beginString(state: State): void {
    this.#state = state;
    this.#text = '"';
  }

  #inString(character: string): CallEvent | 'malformed' | undefined {
    this.#text += character;
    if (this.#text.length > MAX_NAME) return 'malformed';
    if (this.#escaped || character !== '"') {
      this.#escaped = !this.#escaped && character === '\\';
      return undefined;
    }
    const text = stringIn(this.#text);
    if (text === undefined) return 'malformed';
    if (this.#state === 'keyText') {
      this.#key = text;
      this.#state = 'colon';
      return undefined;
    }
    this.#state = 'after';
    if (this.#key !== 'name') return undefined;
    if (this.#named) return 'malformed';
    this.#named = true;
    return { type: 'name', name: text };
  }

  #inArguments(character: string): CallEvent {
    this.#hasArguments = true;
    if (this.#inText) {
      if (!this.#escaped && character === '"') this.#inText = false;
      this.#escaped = !this.#escaped && character === '\\';
    } else if (character === '"') {
      this.#inText = true;
    } else if (character === '{' || character === '[') {
      this.#depth += 1;
    } else if (character === '}' || character === ']') {
      this.#depth -= 1;
    }
    if (this.#depth === 0) this.#state = 'after';
    return { type: 'arguments', text: character };
  }
}

function stringIn(json: string): string | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}
