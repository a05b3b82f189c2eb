import type { Engine } from '../../engine/engine.js';
import { splitPrompt } from '../../engine/split-prompt.js';
import { missingContext } from './schema.js';

/** Token ids to continue, and how many new ones there is room for. */
export interface FittedPrompt {
  readonly prompt: number[];
  readonly maxNewTokens: number;
}

/**
 * The end of a context as token ids that fit the model: at most `maxTokens` of them, and no more than leave room
 * for `length` new ones. A length that would take more than half of the context gives way to the prompt: samples
 * end with a sentence, so what a long one asks for is hardly ever used. An empty context becomes the token that
 * a text begins with.
 *
 * @throws GlossaError INVALID_REQUEST if the context is empty and the model has no such token
 */
export async function fitPrompt(
  engine: Engine,
  context: string,
  { maxTokens, length, signal }: { maxTokens: number; length: number; signal?: AbortSignal },
): Promise<FittedPrompt> {
  const { contextSize } = engine.info;
  const most = Math.max(contextSize - length, Math.floor(contextSize / 2));
  const wanted = Math.min(maxTokens, most);
  const { start, tokens } = await splitPrompt(engine, context, { wanted, signal });
  const kept = Math.min(maxTokens, most - start.length, tokens.length);
  // Not slice(-kept): that would keep everything if kept is 0.
  const prompt = [...start, ...tokens.slice(tokens.length - kept)];
  if (prompt.length === 0) throw missingContext();
  return { prompt, maxNewTokens: Math.max(1, Math.min(length, contextSize - prompt.length)) };
}
