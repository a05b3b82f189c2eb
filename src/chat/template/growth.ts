import type { BoundedInterpreter } from './bounded-interpreter.js';
import { MAX_INDENT, MAX_LIST_LENGTH, TemplateLimitError } from './limits.js';
import type { Value } from './jinja.js';
import { entriesOf, textOf } from './values.js';

/** A filter and its arguments, by number or name. */
interface FilterCall {
  readonly name: string;
  readonly args: ReadonlyMap<string, Value>;
}

/** A method and its arguments. */
interface MethodCall {
  readonly name: string;
  readonly args: readonly Value[];
}

/**
 * Counts what a filter takes, and refuses what would give too much, before it is done.
 *
 * @throws TemplateLimitError
 */
export function checkFilter(
  interpreter: BoundedInterpreter,
  operand: Value,
  { name, args }: FilterCall,
): void {
  const { values, characters, depth } = interpreter.weigh(operand);
  const numbers = name === 'sort' || name === 'dictsort' ? Math.log2(values + 2) : 1;
  interpreter.charge(((values + characters) * numbers) / 64);
  if (name === 'replace') {
    checkReplace(interpreter, operand, [args.get('0'), args.get('1')]);
  } else if (name === 'join') {
    const separator = textOf(args.get('0') ?? args.get('separator')) ?? '';
    interpreter.allow(characters + (entriesOf(operand)?.length ?? characters) * separator.length);
  } else if (name === 'indent') {
    const lines = countOf(textOf(operand) ?? '', '\n') + 1;
    interpreter.allow(characters + lines * indentOf(args.get('0') ?? args.get('width')));
  } else if (name === 'tojson') {
    // Every value may stand on a line of its own, with what separates it from the next.
    const separators = (entriesOf(args.get('separators')) ?? []).map((each) => textOf(each)?.length ?? 0);
    const perValue = depth * indentOf(args.get('indent')) + Math.max(4, ...separators) * 2;
    interpreter.allow(characters + values * perValue);
  }
}

/**
 * The same for a method of a value.
 *
 * @throws TemplateLimitError
 */
export function checkMethod(interpreter: BoundedInterpreter, owner: Value, { name, args }: MethodCall): void {
  const { values, characters } = interpreter.weigh(owner);
  interpreter.charge((values + characters) / 64);
  const text = textOf(owner);
  if (text === undefined) return;
  for (const argument of args) chargeComparison(interpreter, text, textOf(argument) ?? '');
  if (name === 'replace') checkReplace(interpreter, owner, args);
  if (name !== 'split') return;
  const separator = textOf(args[0]);
  const parts = separator === undefined ? text.length / 2 : countOf(text, separator);
  if (parts > MAX_LIST_LENGTH && (separator !== undefined || words(text) > MAX_LIST_LENGTH)) {
    throw new TemplateLimitError(`it splits a text into more than ${MAX_LIST_LENGTH} parts`);
  }
}

function checkReplace(
  interpreter: BoundedInterpreter,
  operand: Value,
  [before, after]: readonly (Value | undefined)[],
): void {
  const [text, old, replacement] = [textOf(operand), textOf(before), textOf(after)];
  if (text === undefined || old === undefined || replacement === undefined) return;
  chargeComparison(interpreter, text, old);
  interpreter.allow(text.length + countOf(text, old) * replacement.length);
}

/** Finding a text in another may take the product of both. */
function chargeComparison(interpreter: BoundedInterpreter, text: string, wanted: string): void {
  interpreter.charge((text.length * wanted.length) / 2048);
}

function indentOf(value: Value | undefined): number {
  const width = typeof value?.value === 'number' ? value.value : 0;
  if (width <= MAX_INDENT) return width;
  throw new TemplateLimitError(`it indents by more than ${MAX_INDENT} spaces`);
}

function countOf(text: string, wanted: string): number {
  if (wanted === '') return text.length + 1;
  let count = 0;
  for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + wanted.length)) count += 1;
  return count;
}

function words(text: string): number {
  let count = 0;
  for (const each of text.matchAll(/\s+/g)) count += each.length;
  return count;
}
