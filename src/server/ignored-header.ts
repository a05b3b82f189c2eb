/** Names the fields of a request that had no effect, in answers whose body has no place for it. */
export const IGNORED_HEADER = 'x-glossa-ignored-parameters';

/** That header for some names, which may come from the client; nothing for none. */
export function ignoredHeader(names: readonly string[]): Record<string, string> {
  if (names.length === 0) return {};
  const safe = names.slice(0, 32).map((name) => name.slice(0, 64).replaceAll(/[^\w.-]/g, '?'));
  return { [IGNORED_HEADER]: safe.join(', ') };
}
