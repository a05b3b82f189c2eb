import { grammarLiteral, type GrammarRules } from '../grammar-rules.js';
import { inString, type Range } from './code-points.js';
import type { Pattern } from './pattern-parser.js';

/** How few and how many code points a text has that a pattern matches, and what the pattern takes written out. */
export interface Extent {
  readonly least: number;
  readonly most: number;
  readonly size: number;
}

/** What a pattern spans. Bounds on nesting are the parser's. */
export function extentOf(pattern: Pattern): Extent {
  if (pattern.kind === 'class') return { least: 1, most: 1, size: 1 };
  if (pattern.kind === 'repeat') {
    const { least, most, size } = extentOf(pattern.part);
    const copies = Number.isFinite(pattern.most) ? pattern.most : pattern.least + 1;
    return {
      least: least * pattern.least,
      most: most === 0 || pattern.most === 0 ? 0 : most * pattern.most,
      size: (size + 1) * copies,
    };
  }
  if (pattern.kind === 'sequence') {
    const parts = pattern.parts.map(extentOf);
    return {
      least: parts.reduce((sum, part) => sum + part.least, 0),
      most: parts.reduce((sum, part) => sum + part.most, 0),
      size: parts.reduce((sum, part) => sum + part.size, 0),
    };
  }
  if (pattern.kind !== 'choice') return { least: 0, most: 0, size: 0 };
  const options = pattern.options.map(extentOf);
  return {
    least: options.reduce((least, option) => Math.min(least, option.least), Infinity),
    most: options.reduce((most, option) => Math.max(most, option.most), 0),
    size: options.reduce((size, option) => size + option.size, 1),
  };
}

/** One of some code points inside a JSON string, as one item; undefined if there are none. */
export function classItem(rules: GrammarRules, ranges: readonly Range[]): string | undefined {
  const [range] = ranges;
  if (ranges.length === 1 && range !== undefined && range[0] === range[1]) {
    const [first, last] = range;
    if (first === last && first > 0x1f && (first < 0xd800 || first > 0xdfff)) {
      return grammarLiteral(JSON.stringify(String.fromCodePoint(first)).slice(1, -1));
    }
  }
  const alternatives = inString(ranges);
  if (alternatives.length === 0) return undefined;
  const text = alternatives.join(' | ');
  return alternatives.length === 1 && text.startsWith('[') && text.length < 16
    ? text
    : rules.add('class', text);
}

/** Texts that a pattern without anchors matches, inside a JSON string; undefined if there are none. */
export function patternText(rules: GrammarRules, pattern: Pattern): string | undefined {
  switch (pattern.kind) {
    case 'class':
      return classItem(rules, pattern.ranges);
    case 'sequence': {
      const parts = pattern.parts.map((part) => patternText(rules, part));
      return parts.includes(undefined) ? undefined : parts.join(' ') || '""';
    }
    case 'choice': {
      const options = pattern.options.map((option) => patternText(rules, option));
      const left = [...new Set(options.filter((option) => option !== undefined))];
      return left.length === 0 ? undefined : `(${left.join(' | ')})`;
    }
    case 'repeat': {
      const text = patternText(rules, pattern.part);
      if (text === undefined) return pattern.least === 0 ? '""' : undefined;
      if (pattern.most === 0) return '""';
      const isItem = pattern.part.kind === 'choice' || (pattern.part.kind === 'class' && !text.includes(' '));
      return (isItem ? text : `(${text})`) + counted(pattern.least, pattern.most);
    }
    default:
      return '""';
  }
}

function counted(least: number, most: number): string {
  if (most === Infinity) return least === 0 ? '*' : least === 1 ? '+' : `{${least},}`;
  if (least === most) return `{${least}}`;
  return least === 0 && most === 1 ? '?' : `{${least},${most}}`;
}
