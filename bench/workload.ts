/** What every contender is given: the workload on a GPT-2-124M-shaped model. */
export interface Workload {
  readonly modelPath: string;
  /** Streams at the same time. */
  readonly streams: number;
  readonly threads: number;
  /** Makes the prompts of one trial differ from those of another, so that no cache helps. */
  readonly trial: number;
}

export const PROMPT_TOKENS = 64;
export const NEW_TOKENS = 96;
export const CONTEXT_SIZE = 1024;
export const SAMPLING = { temperature: 0.7, topK: 50, topP: 0.92 } as const;

/** One trial of one contender. */
export interface Trial {
  /** Tokens generated per second of wall-clock time, prompts included, over all streams. */
  readonly tokensPerSecond: number;
  /** Decoding steps per second, the prompt's evaluation left out; the bare loop's only. */
  readonly stepsPerSecond?: number;
}

const WORDS =
  'the time people way water day man house world life hand part place case week point company number group problem ' +
  'fact year state family student area night question school country service room result change morning reason ' +
  'research girl guy moment air teacher force education foot boy age policy music market sense nation plan college ' +
  'interest death experience effect use class control field development role effort rate heart drug show leader';

/** A text of about `count` GPT-2 tokens (these words are one token each), different for every number given. */
export function promptText(number: number, count: number = PROMPT_TOKENS): string {
  const words = WORDS.split(' ');
  let state = (number * 2654435761 + 12345) % 2 ** 32;
  return Array.from({ length: count }, () => {
    state = (state * 1664525 + 1013904223) % 2 ** 32;
    return words[Math.floor((state / 2 ** 32) * words.length)];
  }).join(' ');
}

/** The prompts of one trial, one for each stream. */
export function promptsOf({ streams, trial }: Workload): string[] {
  return Array.from({ length: streams }, (_, stream) => promptText(trial * 1000 + stream));
}
