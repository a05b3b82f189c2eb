import { closest, distance } from 'fastest-levenshtein';

/**
 * The known name that an unknown one was most likely meant to be, or undefined if none is near.
 * Near is at most two edits, or a third of the longer name's length. Letter case and separators don't count.
 */
export function nearestName(unknown: string, known: readonly string[]): string | undefined {
  // Longer than any name could be mistyped: the distance is quadratic, and clients choose the length.
  if (known.length === 0 || unknown.length > 64) return undefined;
  const plain = new Map(known.map((name) => [plainForm(name), name]));
  const wanted = plainForm(unknown);
  const candidate = closest(wanted, [...plain.keys()]);
  const limit = Math.max(2, Math.floor(Math.max(wanted.length, candidate.length) / 3));
  return distance(wanted, candidate) <= limit ? plain.get(candidate) : undefined;
}

/** "; did you mean NAME?" or nothing, to end a message about an unknown name. */
export function suggestion(unknown: string, known: readonly string[]): string {
  const name = nearestName(unknown, known);
  return name === undefined ? '' : `; did you mean ${name}?`;
}

function plainForm(name: string): string {
  return name.toLowerCase().replaceAll(/[-_\s]/g, '');
}
