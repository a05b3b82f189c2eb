import { createHash } from 'node:crypto';

import { BoundedInterpreter } from './bounded-interpreter.js';
import { environmentOf } from './globals.js';
import {
  limitsFor,
  MAX_TEMPLATE_LENGTH,
  MAX_WHITE_SPACE,
  TemplateLimitError,
  TemplateRefusal,
} from './limits.js';
import { parseJinja, toValue, type Part } from './jinja.js';
import { Scales, textOf } from './values.js';

/** Templates that are kept compiled. */
const MAX_KEPT = 32;
const LONG_WHITE_SPACE = new RegExp(`\\s{${MAX_WHITE_SPACE + 1}}`);

/** A template can't be read, or fails at a conversation; the message says why, and holds no text of a conversation. */
export class TemplateError extends Error {}

/** A Jinja template, ready to be rendered. */
export class ChatTemplate {
  readonly text: string;
  readonly #program: Part;
  readonly #bodySizes: ReadonlyMap<Part, number>;

  /** @throws TemplateError if it is too large, or no Jinja that can be read here */
  constructor(text: string) {
    this.text = text;
    try {
      this.#program = parseTemplate(text);
      this.#bodySizes = bodySizes(this.#program);
    } catch (cause) {
      throw new TemplateError(reasonOf(cause), { cause });
    }
  }

  /**
   * The text that the template makes of some variables, within limits that grow with them.
   *
   * @throws TemplateRefusal if the template raises an exception of its own; TemplateError if it fails
   */
  render(variables: Readonly<Record<string, unknown>>): string {
    try {
      const { values, characters } = new Scales().weigh(toValue(variables));
      const limits = limitsFor(values + characters);
      const environment = environmentOf(variables);
      const interpreter = new BoundedInterpreter(environment, { limits, bodySizes: this.#bodySizes });
      return textOf(interpreter.evaluate(this.#program, environment)) ?? '';
    } catch (cause) {
      if (cause instanceof TemplateRefusal) throw cause;
      throw new TemplateError(reasonOf(cause), { cause });
    }
  }
}

const kept = new Map<string, ChatTemplate | TemplateError>();

/**
 * The template of a text; each is compiled once, as long as not too many others are used.
 *
 * @throws TemplateError
 */
export function compileTemplate(text: string): ChatTemplate {
  if (text.length > MAX_TEMPLATE_LENGTH) throw new TemplateError(tooLong(text));
  const key = createHash('sha256').update(text, 'utf16le').digest('base64');
  const result = kept.get(key) ?? compiled(text);
  kept.delete(key);
  kept.set(key, result);
  for (const oldest of kept.keys()) {
    if (kept.size <= MAX_KEPT) break;
    kept.delete(oldest);
  }
  if (result instanceof TemplateError) throw result;
  return result;
}

function compiled(text: string): ChatTemplate | TemplateError {
  try {
    return new ChatTemplate(text);
  } catch (error) {
    return error instanceof TemplateError ? error : new TemplateError(reasonOf(error), { cause: error });
  }
}

function parseTemplate(text: string): Part {
  if (text.length > MAX_TEMPLATE_LENGTH) throw new TemplateLimitError(tooLong(text));
  if (LONG_WHITE_SPACE.test(text)) {
    throw new TemplateLimitError(`it has more than ${MAX_WHITE_SPACE} characters of white space in a row`);
  }
  return parseJinja(text);
}

function tooLong(text: string): string {
  return `it has ${text.length} characters; at most ${MAX_TEMPLATE_LENGTH} are read`;
}

/** How many parts lie below each macro and call block. Without recursion: templates may be deep. */
function bodySizes(program: Part): ReadonlyMap<Part, number> {
  const sizes = new Map<Part, number>();
  const open: { part: Part; before: number; next: Iterator<Part> }[] = [];
  let count = 0;
  const enter = (part: Part): void => {
    count += 1;
    open.push({ part, before: count, next: childrenOf(part) });
  };
  enter(program);
  for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
    const child = top.next.next();
    if (child.done !== true) {
      enter(child.value);
      continue;
    }
    if (top.part.type === 'Macro' || top.part.type === 'CallStatement') {
      sizes.set(top.part, count - top.before);
    }
    open.pop();
  }
  return sizes;
}

function* childrenOf(part: Part): Generator<Part, undefined> {
  for (const field of Object.values(part) as unknown[]) {
    const items: Iterable<unknown> =
      field instanceof Map ? [...field].flat() : Array.isArray(field) ? field : [field];
    for (const item of items) if (isPart(item)) yield item;
  }
  return undefined;
}

function isPart(value: unknown): value is Part {
  return typeof value === 'object' && value !== null && 'type' in value;
}

/** What an operator can be told of a failure. */
function reasonOf(error: unknown): string {
  if (error instanceof TemplateLimitError) return error.message;
  if (error instanceof RangeError) return 'it is nested too deep, or makes too long a text';
  // The parser reads beyond the end of an unfinished template.
  if (error instanceof TypeError) return 'it is incomplete';
  return (error instanceof Error ? error.message : 'it fails').slice(0, 200);
}
