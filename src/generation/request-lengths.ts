import { GlossaError } from '../errors.js';

/** New tokens when nothing says how many. */
export const DEFAULT_NEW_TOKENS = 20;

/** The two parameters that say how long a sequence may get. */
interface LengthLimits {
  readonly maxNewTokens?: number | undefined;
  readonly maxLength?: number | undefined;
}

/**
 * How many tokens a sequence may get after its prompt: maxNewTokens; else what maxLength leaves; else 20, or fewer
 * where the context ends (transformers: max_position_embeddings).
 *
 * @throws GlossaError INVALID_REQUEST if maxLength leaves room for none
 */
export function resolveMaxNewTokens(
  { maxNewTokens, maxLength }: LengthLimits,
  promptTokens: number,
  contextSize: number,
): number {
  if (maxNewTokens !== undefined) return maxNewTokens;
  if (maxLength === undefined) {
    const room = contextSize - promptTokens;
    return room < 1 ? DEFAULT_NEW_TOKENS : Math.min(DEFAULT_NEW_TOKENS, room);
  }
  if (maxLength > promptTokens) return maxLength - promptTokens;
  throw new GlossaError(
    'INVALID_REQUEST',
    `maxLength: expected more than the ${promptTokens} tokens of the prompt, received ${maxLength}`,
    { param: 'maxLength' },
  );
}
