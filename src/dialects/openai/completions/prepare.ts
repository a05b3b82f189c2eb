import { setMaxListeners } from 'node:events';

import { checkMayFit } from '../../../engine/text-bounds.js';
import type { Engine } from '../../../engine/engine.js';
import { GlossaError } from '../../../errors.js';
import { fillInMiddlePrompt } from '../../../generation/fill-in-middle.js';
import { contextOverflow } from '../errors.js';
import type { CompletionPlan } from './plan.js';
import type { Prompt } from './prompts.js';

/** Texts that are tokenized, or token ids that are made text, at the same time. */
const AT_ONCE = 16;

/** What prompts are prepared with. */
export interface Preparation {
  readonly engine: Engine;
  readonly plan: CompletionPlan;
  /** What follows the gap that each prompt ends with; none, and the empty text: there is no gap. */
  readonly suffix: string | undefined;
  readonly signal: AbortSignal;
}

/**
 * What the engine is given for each prompt. Several texts are tokenized before the first is completed: one that is too
 * long is refused before any work is done. With a suffix, what marks the gap is put around both.
 *
 * @throws GlossaError CONTEXT_OVERFLOW; INVALID_REQUEST for ids that the model has not, and for a suffix that it cannot use
 */
export async function preparePrompts(
  prompts: readonly Prompt[],
  preparation: Preparation,
): Promise<readonly Prompt[]> {
  const { engine, plan, suffix = '' } = preparation;
  const signal = manyListening(preparation.signal);
  const isOne = prompts.length === 1;
  for (const prompt of prompts) if (typeof prompt === 'string') checkMayFit(prompt, engine.info, 'prompt');
  const idsOf = async (prompt: Prompt): Promise<Prompt> => {
    if (suffix !== '') return await fillInMiddlePrompt(engine, { prefix: prompt, suffix }, { signal });
    // The engine tokenizes a single text itself, which saves a message there and back.
    if (typeof prompt !== 'string' || (isOne && !tellsPrompt(plan))) return prompt;
    return await engine.tokenize(prompt, { addSpecial: true, signal });
  };
  const prepared = await eachOf(prompts, idsOf);
  for (const [index, prompt] of prepared.entries())
    if (typeof prompt !== 'string') checkIds(prompt, isOne ? 'the prompt' : `prompt ${index}`, preparation);
  if (!isOne) checkTogether(prepared, preparation);
  return prepared;
}

/** Whether the prompt's own tokens are told of, in each of several texts: their number counts then. */
function tellsPrompt({ bestOf, parameters }: CompletionPlan): boolean {
  return bestOf > 1 && parameters.promptLogprobs !== undefined;
}

/** Prompts are completed in turns: what the last ones take is not known to be too much before they begin. */
function checkTogether(prompts: readonly Prompt[], { engine, plan }: Preparation): void {
  const { tokenLimit = Infinity } = engine;
  const { maxNewTokens = 0, numBeams = 1 } = plan.parameters;
  const newTokens = prompts.length * Math.max(plan.sequences, numBeams) * maxNewTokens;
  const tokens = prompts.reduce((sum, prompt) => sum + prompt.length, newTokens);
  if (tokens <= tokenLimit) return;
  const param = newTokens > 0 && tokens - newTokens < tokenLimit ? 'max_tokens' : 'prompt';
  const message = `${param}: the ${tokens} tokens that ${prompts.length} prompts and what follows them may have can never fit into this API key's ${tokenLimit} tokens a minute; ask for fewer`;
  throw new GlossaError('INVALID_REQUEST', message, { param });
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
  const message = `${param}: expected token ids below ${vocabularySize}, received ${stranger} in ${source}`;
  throw new GlossaError('INVALID_REQUEST', message, { param });
}

/**
 * The prompts as texts that choices can begin with.
 *
 * @throws GlossaError what the engine throws
 */
export async function echoedTexts(
  prompts: readonly Prompt[],
  { engine, signal: given }: Preparation,
): Promise<readonly string[]> {
  const signal = manyListening(given);
  return await eachOf(prompts, async (prompt) =>
    typeof prompt === 'string' ? prompt : await engine.detokenize(prompt, { signal }),
  );
}

/** A signal that as many may listen to as work at once; Node warns of more than ten as of a leak. */
export function manyListening(signal: AbortSignal): AbortSignal {
  const own = AbortSignal.any([signal]);
  setMaxListeners(0, own);
  return own;
}

/** Makes something of each prompt, a few at a time. */
export async function eachOf<T>(
  prompts: readonly Prompt[],
  make: (prompt: Prompt) => Promise<T>,
): Promise<T[]> {
  const made: T[] = [];
  for (let start = 0; start < prompts.length; start += AT_ONCE)
    made.push(...(await Promise.all(prompts.slice(start, start + AT_ONCE).map(make))));
  return made;
}
