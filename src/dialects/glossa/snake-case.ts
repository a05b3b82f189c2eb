/** "maxNewTokens" as a type becomes "max_new_tokens". */
export type SnakeCase<Name extends string> = Name extends `${infer Head}${infer Tail}`
  ? `${Head extends Lowercase<Head> ? Head : `_${Lowercase<Head>}`}${SnakeCase<Tail>}`
  : Name;

/** An object type with its keys in snake case. */
export type SnakeCased<T> = { [Key in keyof T as Key extends string ? SnakeCase<Key> : never]: T[Key] };

/** "maxNewTokens" -> "max_new_tokens". */
export function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** "max_new_tokens" -> "maxNewTokens". */
export function camelCase(name: string): string {
  return name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** The same values under snake-cased keys; not recursive. */
export function snakeCaseKeys<T extends object>(value: T): SnakeCased<T> {
  const entries = Object.entries(value).map(([key, item]: [string, unknown]) => [snakeCase(key), item]);
  return Object.fromEntries(entries) as SnakeCased<T>;
}
