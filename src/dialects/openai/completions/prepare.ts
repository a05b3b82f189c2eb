import type { Engine } from '../../../engine/engine.js';
import type { Prompt } from './prompts.js';
import type { CompletionBody } from './schema.js';

/** Texts that are tokenized, or token ids that are made text, at the same time. */
const AT_ONCE = 16;

/**
 * What the engine is given for each prompt. Several texts are tokenized before the first is completed: one that is too
 * long is refused before any work is done.
 */
export async function preparePrompts(
  engine: Engine,
  { prompt: prompts }: CompletionBody,
  signal: AbortSignal,
): Promise<readonly Prompt[]> {
  if (prompts.length === 1) return prompts;
  return await eachOf(prompts, async (prompt) =>
    typeof prompt === 'string' ? await engine.tokenize(prompt, { addSpecial: true, signal }) : prompt,
  );
}

/** The prompts as texts that choices can begin with. */
export async function echoedTexts(
  engine: Engine,
  prompts: readonly Prompt[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  return await eachOf(prompts, async (prompt) =>
    typeof prompt === 'string' ? prompt : await engine.detokenize(prompt, { signal }),
  );
}

async function eachOf<T>(prompts: readonly Prompt[], make: (prompt: Prompt) => Promise<T>): Promise<T[]> {
  const made: T[] = [];
  for (let start = 0; start < prompts.length; start += AT_ONCE)
    made.push(...(await Promise.all(prompts.slice(start, start + AT_ONCE).map(make))));
  return made;
}
