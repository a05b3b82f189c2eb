import type { GrammarRules } from '../grammar-rules.js';
import { PatternAutomaton, type StateSet } from './automaton.js';
import { type Range, union } from './code-points.js';
import { classItem } from './pattern-grammar.js';
import type { Pattern } from './pattern-parser.js';

/** Places in all patterns at once that are told apart, and those of them from which a text can end. */
const MAX_STATES = 6000;
const MAX_LIVE_STATES = 800;
/** How many looks at a state of one pattern with one kind of code point take as long as reading a schema object. */
const LOOKS_OF_STEP = 25;

/** A place in all patterns at once. */
interface State {
  readonly sets: readonly StateSet[];
  /** Code points read so far, up to what is told apart. */
  readonly length: number;
  readonly edges: { readonly ranges: Range[]; readonly to: number }[];
  readonly mayEnd: boolean;
}

/** How many code points a text has. */
export interface Lengths {
  readonly least: number;
  readonly most: number;
}

/**
 * Texts that match all of several patterns and have a length within bounds, inside a JSON string.
 *
 * @param spend counts work, in schema objects read
 * @returns an item of GBNF; undefined if there is no such text; 'too large' if telling the texts apart is too much
 */
export function intersectionItem(
  rules: GrammarRules,
  patterns: readonly Pattern[],
  lengths: Lengths,
  spend: (amount: number) => void,
): string | undefined {
  const states = explore(patterns, lengths, spend);
  if (states === undefined) return 'too large';
  const alive = leadingToAnEnd(states);
  if (alive.size > MAX_LIVE_STATES) return 'too large';
  return alive.has(0) ? write(rules, states, alive) : undefined;
}

function explore(
  patterns: readonly Pattern[],
  lengths: Lengths,
  spend: (amount: number) => void,
): readonly State[] | undefined {
  const automata = patterns.map((pattern) => new PatternAutomaton(pattern));
  const states: State[] = [];
  const numbers = new Map<string, number>();
  // Without a most, lengths above the least are all alike.
  const counted = Number.isFinite(lengths.most) ? lengths.most : lengths.least;
  const numberOf = (sets: readonly StateSet[], length: number): number => {
    const key = `${length};${sets.map((set) => set.join()).join(';')}`;
    const known = numbers.get(key);
    if (known !== undefined) return known;
    const mayEnd = length >= lengths.least && sets.every((set, index) => automata[index]?.ends(set));
    numbers.set(key, states.length);
    return states.push({ sets, length, edges: [], mayEnd }) - 1;
  };
  numberOf(
    automata.map(({ start }) => start),
    0,
  );
  // Grows while it is gone through.
  for (const state of states) {
    if (states.length > MAX_STATES) return undefined;
    if (Number.isFinite(lengths.most) && state.length >= lengths.most) continue;
    const starts = new Set<number>([0]);
    automata.forEach((automaton, index) => {
      for (const start of automaton.boundaries(state.sets[index] ?? [])) starts.add(start);
    });
    const sorted = [...starts].sort((a, b) => a - b);
    const looks = sorted.length * state.sets.reduce((sum, set) => sum + set.length, 0);
    spend(1 + Math.floor(looks / LOOKS_OF_STEP));
    for (const [index, first] of sorted.entries()) {
      const sets = automata.map((automaton, each) => automaton.next(state.sets[each] ?? [], first));
      if (first > 0x10ffff || sets.some((set) => set.length === 0)) continue;
      addEdge(
        state,
        [first, (sorted[index + 1] ?? 0x110000) - 1],
        numberOf(sets, Math.min(state.length + 1, counted)),
      );
    }
  }
  return states;
}

function addEdge(state: State, range: Range, to: number): void {
  const edge = state.edges.find((each) => each.to === to);
  if (edge === undefined) state.edges.push({ ranges: [range], to });
  else edge.ranges.push(range);
}

function leadingToAnEnd(states: readonly State[]): ReadonlySet<number> {
  const sources: number[][] = states.map(() => []);
  states.forEach(({ edges }, from) => {
    for (const { to } of edges) sources[to]?.push(from);
  });
  const alive = new Set(states.flatMap(({ mayEnd }, index) => (mayEnd ? [index] : [])));
  for (const state of alive) for (const source of sources[state] ?? []) alive.add(source);
  return alive;
}

/** A rule for each state that is come to in several ways; the others are written where they are come to. */
function write(
  rules: GrammarRules,
  states: readonly State[],
  alive: ReadonlySet<number>,
): string | undefined {
  const edgesOf = (index: number): { item: string; to: number }[] =>
    (states[index]?.edges ?? []).flatMap(({ ranges, to }) => {
      const item = alive.has(to) ? classItem(rules, union(ranges)) : undefined;
      return item === undefined ? [] : [{ item, to }];
    });
  const waysTo = new Map<number, number>();
  for (const index of alive) {
    for (const { to } of edgesOf(index)) waysTo.set(to, (waysTo.get(to) ?? 0) + 1);
  }
  const names = new Map<number, string>([[0, rules.reserve('text')]]);
  for (const [index, name] of names) {
    const alternatives = edgesOf(index).map(({ item, to }) => {
      const items = [item];
      let at = to;
      let only = edgesOf(at);
      while (
        only.length === 1 &&
        only[0] !== undefined &&
        waysTo.get(at) === 1 &&
        states[at]?.mayEnd !== true
      ) {
        items.push(only[0].item);
        at = only[0].to;
        only = edgesOf(at);
      }
      if (only.length === 0) return items.join(' ');
      const known = names.get(at) ?? rules.reserve('text');
      names.set(at, known);
      return [...items, known].join(' ');
    });
    if (states[index]?.mayEnd === true) alternatives.push('""');
    rules.define(name, alternatives.join(' | '));
  }
  return names.get(0);
}
