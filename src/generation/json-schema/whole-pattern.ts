import { complement } from './code-points.js';
import { type Located, refuse } from './located.js';
import type { Pattern } from './pattern-parser.js';

const ANYTHING: Pattern = {
  kind: 'repeat',
  part: { kind: 'class', ranges: complement([]) },
  least: 0,
  most: Infinity,
};

/**
 * A pattern without anchors that matches a whole text where the given one matches somewhere in it.
 *
 * @throws GlossaError INVALID_REQUEST if an anchor stands where it is neither at the beginning nor at the end
 */
export function wholePattern(where: Located, pattern: Pattern): Pattern {
  return opened(where, pattern, true, true);
}

/** `left` and `right`: whether anything may come before and behind it, if no anchor stands there. */
function opened(where: Located, pattern: Pattern, left: boolean, right: boolean): Pattern {
  if (pattern.kind === 'choice' && hasAnchor(pattern)) {
    return { kind: 'choice', options: pattern.options.map((each) => opened(where, each, left, right)) };
  }
  const parts = pattern.kind === 'sequence' ? [...pattern.parts] : [pattern];
  let [before, after] = [left, right];
  while (left && parts[0]?.kind === 'start') {
    parts.shift();
    before = false;
  }
  while (right && parts.at(-1)?.kind === 'end') {
    parts.pop();
    after = false;
  }
  const opening = (index: number): boolean => before && index === 0;
  const closing = (index: number): boolean => after && index === parts.length - 1;
  const result = parts.map((part, index) => {
    if (!hasAnchor(part)) return part;
    if (part.kind === 'choice' || part.kind === 'sequence') {
      return opened(where, part, opening(index), closing(index));
    }
    refuse(where, 'the anchors ^ and $ are supported at the beginning and at the end of a pattern only');
  });
  // A group with anchors has seen to its own sides.
  const [first, last] = [parts[0], parts.at(-1)];
  if (before && (first === undefined || !hasAnchor(first))) result.unshift(ANYTHING);
  if (after && last !== undefined && !hasAnchor(last)) result.push(ANYTHING);
  if (after && last === undefined && !before) result.push(ANYTHING);
  return { kind: 'sequence', parts: result };
}

function hasAnchor(pattern: Pattern): boolean {
  switch (pattern.kind) {
    case 'start':
    case 'end':
      return true;
    case 'class':
      return false;
    case 'repeat':
      return hasAnchor(pattern.part);
    case 'sequence':
      return pattern.parts.some(hasAnchor);
    case 'choice':
      return pattern.options.some(hasAnchor);
  }
}
