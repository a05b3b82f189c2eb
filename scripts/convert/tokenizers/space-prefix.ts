import { bool, type GgufValue } from '../gguf/values.js';
import type { Habits } from './architecture-habits.js';
import type { TokenizerFiles } from './files.js';

const KEY = 'tokenizer.ggml.add_space_prefix';

/** Whether a space goes before the text, at the three places where it may be written. */
export interface SpacePrefix {
  /** Before all other keys of the tokenizer. */
  readonly first: readonly [string, GgufValue][];
  /** After the tokens. */
  readonly amid: readonly [string, GgufValue][];
  /** After all other keys. */
  readonly last: readonly [string, GgufValue][];
}

/**
 * Says it where llama.cpp's converter does, and also where that leaves llama.cpp to assume the wrong thing.
 *
 * @param own what the tokenizer's own file says; undefined: nothing has to be said
 * @param assumed what llama.cpp assumes, undefined: it is always said
 */
export function spacePrefix(
  habits: Habits,
  { config }: TokenizerFiles,
  own: boolean | undefined,
  assumed: boolean | undefined,
): SpacePrefix {
  const entry = (value: boolean): [string, GgufValue][] => [[KEY, bool(value)]];
  const none: SpacePrefix = { first: [], amid: [], last: [] };
  if (habits.spacePrefix !== undefined) return { ...none, last: entry(habits.spacePrefix) };
  const configured = config?.add_prefix_space ?? undefined;
  if (habits.writesSpacePrefix === true && configured !== undefined) {
    return { ...none, first: entry(configured) };
  }
  const value = configured ?? own;
  return value === undefined || value === assumed ? none : { ...none, amid: entry(value) };
}
