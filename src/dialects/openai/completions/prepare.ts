import { checkMayFit } from '../../../engine/text-bounds.js';
import type { Engine } from '../../../engine/engine.js';
import { GlossaError } from '../../../errors.js';
import { contextOverflow } from '../errors.js';
import type { CompletionPlan } from './plan.js';
import type { Prompt } from './prompts.js';

/** Texts that are tokenized, or token ids that are made text, at the same time. */
const AT_ONCE = 16;

/** What prompts are prepared with. */
export interface Preparation {
  readonly engine: Engine;
  readonly plan: CompletionPlan;
  readonly signal: AbortSignal;
}

/**
 * What the engine is given for each prompt. Several texts are tokenized before the first is completed: one that is too
 * long is refused before any work is done.
 *
 * @throws GlossaError CONTEXT_OVERFLOW; INVALID_REQUEST for ids that the model has not
 */
export async function preparePrompts(
  prompts: readonly Prompt[],
  preparation: Preparation,
): Promise<readonly Prompt[]> {
  const { engine, signal } = preparation;
  const isOne = prompts.length === 1;
  if (!isOne)
    for (const prompt of prompts) if (typeof prompt === 'string') checkMayFit(prompt, engine.info, 'prompt');
  // The engine tokenizes a single one itself, which saves a message there and back.
  const prepared = isOne
    ? prompts
    : await eachOf(prompts, async (prompt) =>
        typeof prompt === 'string' ? await engine.tokenize(prompt, { addSpecial: true, signal }) : prompt,
      );
  for (const [index, prompt] of prepared.entries())
    if (typeof prompt !== 'string') checkIds(prompt, isOne ? 'prompt' : `prompt ${index}`, preparation);
  return prepared;
}

function checkIds(ids: readonly number[], source: string, { engine, plan }: Preparation): void {
  const { contextSize, vocabularySize } = engine.info;
  const { maxNewTokens = 1 } = plan.parameters;
  const param = 'prompt';
  // The last new token is never fed back, so it needs no place.
  if (ids.length + Math.max(0, maxNewTokens - 1) > contextSize)
    throw contextOverflow(param, { contextSize, tokens: ids.length, newTokens: maxNewTokens, source });
  const stranger = ids.find((id) => id >= vocabularySize);
  if (stranger === undefined) return;
  const message = `${source}: expected token ids below ${vocabularySize}, received ${stranger}`;
  throw new GlossaError('INVALID_REQUEST', message, { param });
}

/**
 * The prompts as texts that choices can begin with.
 *
 * @throws GlossaError what the engine throws
 */
export async function echoedTexts(
  prompts: readonly Prompt[],
  { engine, signal }: Preparation,
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
