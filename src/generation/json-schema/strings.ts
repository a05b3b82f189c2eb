import type { Sequence } from './alternatives.js';
import type { SchemaCompiler } from './compiler.js';
import { FORMATS } from './formats.js';
import { intersectionItem, type Lengths } from './intersection.js';
import { jsonRules } from './json-rules.js';
import { refuse, shownName } from './located.js';
import { extentOf, patternText } from './pattern-grammar.js';
import { parsePattern, type Pattern } from './pattern-parser.js';
import { MAX_REPETITIONS, repeated } from './repetition.js';
import type { Shape } from './shape.js';
import { wholePattern } from './whole-pattern.js';

/** Characters and classes of all patterns of one string once repetitions are written out. */
const MAX_SIZE = 4000;
/** How many of them take as long as reading a schema object. */
const SIZE_OF_STEP = 4;

/** Strings: with a length, a pattern, a format, or several of them. */
export function stringSequences(compiler: SchemaCompiler, shape: Shape): readonly Sequence[] {
  const { rules } = compiler;
  const patterns = patternsOf(shape);
  const lengths = lengthsOf(shape);
  if (lengths.least > lengths.most) return [];
  const json = jsonRules(rules);
  if (patterns.length === 0) {
    if (lengths.least === 0 && lengths.most === Infinity) return [[json.string]];
    const most = Number.isFinite(lengths.most) ? lengths.most : undefined;
    return quoted(rules.add('characters', repeated(rules, json.character, lengths.least, most) || '""'));
  }
  const extents = patterns.map(extentOf);
  const size = extents.reduce((sum, each) => sum + each.size, 0);
  if (size > MAX_SIZE) {
    refuse(
      shape.where,
      `the pattern is too large: expected at most ${MAX_SIZE} characters and classes once repetitions are written out`,
    );
  }
  compiler.spend(shape.where, Math.ceil(size / SIZE_OF_STEP));
  const [pattern] = patterns;
  const [extent] = extents;
  const implied = extent !== undefined && extent.least >= lengths.least && extent.most <= lengths.most;
  if (patterns.length === 1 && pattern !== undefined && implied) {
    const text = patternText(rules, pattern);
    return text === undefined ? [] : quoted(rules.add('text', text));
  }
  const item = intersectionItem(rules, patterns, lengths, (amount) => {
    compiler.spend(shape.where, amount);
  });
  if (item === 'too large') {
    refuse(
      shape.where,
      'the conditions on this text are too large together; a pattern that says the length or the format itself is not',
    );
  }
  return item === undefined ? [] : quoted(item);
}

function quoted(item: string): readonly Sequence[] {
  return [['["]', item, '["]']];
}

/** Each matches the whole text. */
function patternsOf(shape: Shape): readonly Pattern[] {
  const patterns = [...shape.patterns].map(([text, where]) => wholePattern(where, parsePattern(where, text)));
  for (const [name, where] of shape.formats) {
    const text = Object.hasOwn(FORMATS, name) ? FORMATS[name] : undefined;
    if (text === undefined) {
      refuse(
        where,
        `the format ${shownName(name)} is not supported; these are: ${Object.keys(FORMATS).join(', ')}`,
      );
    }
    patterns.push(parsePattern(where, text));
  }
  return patterns;
}

function lengthsOf(shape: Shape): Lengths {
  const least = shape.bounds.get('minLength');
  if (least !== undefined && least.value > MAX_REPETITIONS) {
    refuse(least.where, `expected at most ${MAX_REPETITIONS}, received ${least.value}`);
  }
  const most = shape.bound('maxLength');
  return {
    least: least?.value ?? 0,
    most: most === undefined ? Infinity : Math.min(most, MAX_REPETITIONS),
  };
}
