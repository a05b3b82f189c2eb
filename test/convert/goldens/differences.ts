import type { GoldenEntry } from './gguf-golden.js';

/** What our file may say otherwise than the reference's, and why. docs/convert.md has the same list. */
export interface Difference {
  readonly reason: string;
  /** The cases it is seen in, "*" for all. */
  readonly cases: readonly string[];
  readonly key: string;
  /** Our entry without its key; undefined: we do not write the key. */
  readonly ours: readonly unknown[] | undefined;
}

export const DIFFERENCES: readonly Difference[] = [];

/** The reference's metadata with our justified differences put in; a difference that no longer is one throws. */
export function withDifferences(name: string, metadata: readonly GoldenEntry[]): GoldenEntry[] {
  const applying = DIFFERENCES.filter(({ cases }) => cases.includes('*') || cases.includes(name));
  const entries = new Map(metadata.map((entry) => [entry[0], entry]));
  for (const { key, ours } of applying) {
    if (ours === undefined) {
      if (!entries.delete(key)) throw new Error(`the reference writes no ${key}: the difference is none`);
    } else {
      const [type, ...rest] = ours;
      entries.set(key, [key, String(type), ...rest]);
    }
  }
  return [...entries.values()];
}
