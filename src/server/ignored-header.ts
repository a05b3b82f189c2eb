/** Names the fields of a request that had no effect, in answers whose body has no place for it. */
export const IGNORED_HEADER = 'x-glossa-ignored-parameters';

/** Names that are shown at most. */
const MOST_SHOWN = 32;

/** An object's keys that another has not, the first 32 of them: clients choose how many they send, and no more are shown. */
export function unknownKeys(given: object, known: object): string[] {
  const unknown: string[] = [];
  for (const key of Object.keys(given)) {
    if (unknown.length === MOST_SHOWN) break;
    if (!Object.hasOwn(known, key)) unknown.push(key);
  }
  return unknown;
}

/** Such names as they may be shown: the first 32, 64 characters of each, none that a header could not hold. */
export function shownNames(names: readonly string[]): string[] {
  return names.slice(0, MOST_SHOWN).map((name) => name.slice(0, 64).replaceAll(/[^\w.-]/g, '?'));
}

/** That header for some names, which may come from the client; nothing for none. */
export function ignoredHeader(names: readonly string[]): Record<string, string> {
  if (names.length === 0) return {};
  return { [IGNORED_HEADER]: shownNames(names).join(', ') };
}
