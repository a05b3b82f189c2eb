import { type Range, union } from './code-points.js';
import type { Pattern } from './pattern-parser.js';

/** A step to a state on any of some code points. */
interface Edge {
  readonly ranges: readonly Range[];
  readonly to: number;
}

/** A set of states of a PatternAutomaton, by its key. */
export type StateSet = readonly number[];

/** A pattern without anchors as a non-deterministic automaton, followed set of states by set of states. */
export class PatternAutomaton {
  readonly #edges: Edge[][] = [];
  readonly #jumps: number[][] = [];
  readonly #end: number;
  readonly start: StateSet;

  constructor(pattern: Pattern) {
    const first = this.#state();
    this.#end = this.#build(pattern, first);
    this.start = this.#closed([first]);
  }

  /** Whether a text may end here. */
  ends(states: StateSet): boolean {
    return states.includes(this.#end);
  }

  /** Code points at which what is told apart begins. */
  *boundaries(states: StateSet): Iterable<number> {
    for (const state of states) {
      for (const { ranges } of this.#edges[state] ?? []) {
        for (const [first, last] of ranges) {
          yield first;
          yield last + 1;
        }
      }
    }
  }

  /** Where a code point leads; empty is nowhere. */
  next(states: StateSet, codePoint: number): StateSet {
    const targets = states.flatMap((state) =>
      (this.#edges[state] ?? [])
        .filter(({ ranges }) => ranges.some(([first, last]) => first <= codePoint && codePoint <= last))
        .map(({ to }) => to),
    );
    return this.#closed(targets);
  }

  #state(): number {
    this.#jumps.push([]);
    return this.#edges.push([]) - 1;
  }

  #jump(from: number, to: number): void {
    this.#jumps[from]?.push(to);
  }

  /** Adds a pattern behind a state and returns where it ends. */
  #build(pattern: Pattern, from: number): number {
    switch (pattern.kind) {
      case 'class': {
        const to = this.#state();
        this.#edges[from]?.push({ ranges: union(pattern.ranges), to });
        return to;
      }
      case 'sequence':
        return pattern.parts.reduce((at, part) => this.#build(part, at), from);
      case 'choice': {
        const to = this.#state();
        for (const option of pattern.options) this.#jump(this.#build(option, from), to);
        return to;
      }
      case 'repeat':
        return this.#repeat(pattern.part, pattern.least, pattern.most, from);
      default:
        return from;
    }
  }

  #repeat(part: Pattern, least: number, most: number, from: number): number {
    let at = from;
    for (let count = 0; count < least; count += 1) at = this.#build(part, at);
    const end = this.#state();
    if (most === Infinity) {
      this.#jump(at, end);
      this.#jump(this.#build(part, end), end);
      return end;
    }
    for (let count = least; count < most; count += 1) {
      this.#jump(at, end);
      at = this.#build(part, at);
    }
    this.#jump(at, end);
    return end;
  }

  /** With all states that nothing need be read for. */
  #closed(states: StateSet): StateSet {
    const found = new Set(states);
    for (const state of found) {
      for (const to of this.#jumps[state] ?? []) found.add(to);
    }
    return [...found].sort((a, b) => a - b);
  }
}
