/** Names the fields of a request that had no effect, in answers whose body has no place for it. */
export const IGNORED_HEADER = 'x-glossa-ignored-parameters';

/** Such names as they may be shown: the first 32, 64 characters of each, none that a header could not hold. */
export function shownNames(names: readonly string[]): string[] {
  return names.slice(0, 32).map((name) => name.slice(0, 64).replaceAll(/[^\w.-]/g, '?'));
}

/** That header for some names, which may come from the client; nothing for none. */
export function ignoredHeader(names: readonly string[]): Record<string, string> {
  if (names.length === 0) return {};
  return { [IGNORED_HEADER]: shownNames(names).join(', ') };
}
