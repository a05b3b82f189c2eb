import type { ReplyPart, ReplyReader } from '../chat.js';
import { CallScanner } from './call-scanner.js';
import type { WrittenFormat } from './written-format.js';

/** White space before a call that is left out at most; more than that is content. */
const MAX_SPACE = 256;
/** Anything but what JSON calls white space. */
const HAS_INK = /[^ \t\r\n]/;

/** What a reply is read with. */
export interface CallReaderOptions {
  /** Tools that can be called. */
  readonly names: ReadonlySet<string>;
  /** What a reply may be besides calls: nothing, text that holds no call, or text that may look like one (JSON). */
  readonly besides: 'nothing' | 'text' | 'anything';
}

/**
 * Tells a format's calls from text, whatever pieces a reply comes in. Takes any text.
 *
 * A reply that is cut off in a call without a name yet has nothing of it, wherever it can have been nothing else: where
 * calls alone may come, behind a call, and once the marker is written. What may yet have become text is content.
 */
export class CallReader implements ReplyReader {
  readonly #written: WrittenFormat;
  readonly #names: ReadonlySet<string>;
  readonly #besides: CallReaderOptions['besides'];
  #parts: ReplyPart[] = [];
  #calls = 0;
  /** In text: what may be the beginning of a call. Behind a call: what may be what closes it. */
  #held = '';
  /** In a call without a name yet: all of it. */
  #raw = '';
  #place: 'text' | 'call' | 'behind' = 'text';
  #scanner = new CallScanner();
  /** Whether the next call may have a bracket before it. */
  #mayOpen = false;
  #named = false;
  #hasBegun = false;

  constructor(written: WrittenFormat, { names, besides }: CallReaderOptions) {
    this.#written = written;
    this.#names = names;
    this.#besides = besides;
  }

  push(text: string): readonly ReplyPart[] {
    let rest = text;
    while (rest !== '') {
      if (this.#place === 'text') rest = this.#inText(rest);
      else if (this.#place === 'call') rest = this.#inCall(rest);
      else rest = this.#behindCall(rest);
    }
    return this.#take();
  }

  end(): readonly ReplyPart[] {
    // Behind a call only what closes it, or leads to the next, is held.
    if (this.#calls === 0) {
      if (this.#place === 'text') this.#give(this.#held);
      else if (!this.#named && !this.#isCall()) this.#give(this.#raw);
    }
    this.#held = '';
    this.#raw = '';
    return this.#take();
  }

  /** Whether what has begun as a call can be nothing else. */
  #isCall(): boolean {
    if (this.#besides !== 'anything') return true;
    // No JSON begins with a marker.
    const { onlyFirst, hasSilentMarker } = this.#written;
    return !onlyFirst && !hasSilentMarker && !this.#hasBegun;
  }

  #take(): readonly ReplyPart[] {
    const parts = this.#parts;
    this.#parts = [];
    return parts;
  }

  /** Content; what comes of one push is one part. */
  #give(text: string): void {
    if (text === '' || this.#besides === 'nothing') return;
    this.#hasBegun ||= HAS_INK.test(text);
    const last = this.#parts.at(-1);
    if (last?.type === 'content') this.#parts[this.#parts.length - 1] = { ...last, text: last.text + text };
    else this.#parts.push({ type: 'content', text });
  }

  #giveArguments(text: string): void {
    const index = this.#calls - 1;
    const last = this.#parts.at(-1);
    if (last?.type === 'arguments') {
      this.#parts[this.#parts.length - 1] = { ...last, text: last.text + text };
    } else {
      this.#parts.push({ type: 'arguments', index, text });
    }
  }

  #inText(text: string): string {
    const { trigger, onlyFirst } = this.#written;
    if (onlyFirst && (this.#hasBegun || this.#calls > 0)) {
      this.#give(this.#held + text);
      this.#held = '';
      return '';
    }
    const all = this.#held + text;
    const found = onlyFirst ? firstIn(all, trigger) : all.indexOf(trigger);
    if (found >= 0) {
      this.#held = '';
      const space = found - spaceBefore(all, found);
      this.#give(all.slice(0, space));
      this.#beginCall(trigger, all.slice(space, found));
      return trigger.slice(bracketIn(trigger)) + all.slice(found + trigger.length);
    }
    const begun = onlyFirst ? begunFirst(all, trigger) : begunAtEnd(all, trigger);
    const kept = begun + spaceBefore(all, all.length - begun);
    this.#held = all.slice(all.length - kept);
    this.#give(all.slice(0, all.length - kept));
    return '';
  }

  /**
   * @param trigger the text by which it was recognised; the call proper is read again
   * @param space what stands before it, and is content if this is no call
   */
  #beginCall(trigger: string, space: string): void {
    this.#place = 'call';
    this.#scanner = new CallScanner();
    this.#named = false;
    this.#mayOpen = this.#written.format.opening.includes('[') && trigger !== '' && !trigger.includes('{');
    this.#raw = space + trigger.slice(0, bracketIn(trigger));
  }

  #inCall(text: string): string {
    for (let index = 0; index < text.length; index += 1) {
      const character = text.charAt(index);
      if (this.#mayOpen && character === '[') {
        this.#mayOpen = false;
        this.#raw += character;
        continue;
      }
      const event = this.#scanner.next(character);
      if (event === 'malformed') return this.#abandon(text.slice(index));
      if (!this.#named) this.#raw += character;
      if (event?.type === 'name' && !this.#beginNamed(event.name))
        return this.#abandon(text.slice(index + 1));
      if (event?.type === 'arguments') this.#giveArguments(event.text);
      if (event?.type === 'end') {
        if (!this.#scanner.hasArguments) this.#giveArguments('{}');
        this.#place = 'behind';
        return text.slice(index + 1);
      }
    }
    return '';
  }

  #beginNamed(name: string): boolean {
    if (!this.#names.has(name)) return false;
    this.#named = true;
    this.#raw = '';
    this.#parts.push({ type: 'toolCall', index: this.#calls, id: this.#written.format.newId(), name });
    this.#calls += 1;
    return true;
  }

  /** What looked like a call is text after all. */
  #abandon(rest: string): string {
    this.#give(this.#raw);
    this.#raw = '';
    this.#place = 'text';
    return rest;
  }

  /** Behind a call: what closes it, or what leads to the next. */
  #behindCall(text: string): string {
    const { next, closing } = this.#written;
    const all = this.#held + text;
    const trimmed = withoutSpace(all);
    this.#held = '';
    if (all.length - trimmed.length <= MAX_SPACE) {
      if (next !== '' && trimmed.startsWith(next)) {
        this.#beginCall('', all.slice(0, all.length - trimmed.length) + next);
        return trimmed.slice(next.length);
      }
      if (closing !== '' && trimmed.startsWith(closing)) {
        this.#place = 'text';
        return trimmed.slice(closing.length);
      }
      if ([next, closing].some((mark) => mark.startsWith(trimmed))) {
        this.#held = all;
        return '';
      }
    }
    this.#place = 'text';
    return all;
  }
}

/** Where the call proper begins in a trigger: what is before it is a marker. */
function bracketIn(trigger: string): number {
  const bracket = trigger.indexOf('{');
  return bracket < 0 ? trigger.length : bracket;
}

/** White space before a place, as far as it is left out. */
function spaceBefore(text: string, end: number): number {
  let length = 0;
  while (length < MAX_SPACE && /^[ \t\r\n]$/.test(text.charAt(end - length - 1))) length += 1;
  return length;
}

/** Where a text begins with a trigger, white space aside; -1 if it does not. */
function firstIn(text: string, trigger: string): number {
  const start = text.length - withoutSpace(text).length;
  return text.startsWith(trigger, start) ? start : -1;
}

/** Characters at a text's end that may become a trigger at its beginning. */
function begunFirst(text: string, trigger: string): number {
  const trimmed = withoutSpace(text);
  return trigger.startsWith(trimmed) ? trimmed.length : 0;
}

/** Characters at a text's end that may become a trigger. */
function begunAtEnd(text: string, trigger: string): number {
  for (let length = Math.min(trigger.length - 1, text.length); length > 0; length -= 1) {
    if (trigger.startsWith(text.slice(text.length - length))) return length;
  }
  return 0;
}

function withoutSpace(text: string): string {
  return text.replace(/^[ \t\r\n]+/, '');
}
