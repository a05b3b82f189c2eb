import { GlossaError } from '../errors.js';
import type { ModelInfo } from './engine.js';

/** Code units before a cut text's wanted end, in which tokens become what they are in the whole text. */
const MARGIN = 4096;

type TokenBytes = Pick<ModelInfo, 'longestTokenBytes'>;

/** How many tokens a text has at least, told by its bytes; 0 if the model's tokenizer does not let it be told. */
export function leastTokens(text: string, { longestTokenBytes }: TokenBytes): number {
  return longestTokenBytes === 0 ? 0 : Math.ceil(Buffer.byteLength(text) / longestTokenBytes);
}

/**
 * Refuses a text that cannot fit a model's context, before it is tokenized.
 *
 * @param param the parameter that the text is, as the error names it
 * @throws GlossaError CONTEXT_OVERFLOW
 */
export function checkMayFit(
  text: string,
  info: TokenBytes & Pick<ModelInfo, 'contextSize'>,
  param: string,
): void {
  const least = leastTokens(text, info);
  if (least <= info.contextSize) return;
  throw new GlossaError(
    'CONTEXT_OVERFLOW',
    `${param}: at least ${least} tokens exceed the context of ${info.contextSize} tokens`,
    { param },
  );
}

/** The end of a text that has its last `wanted` tokens in it, as far as splitPrompt says, and no half of a code point. */
export function endWithTokens(text: string, wanted: number, { longestTokenBytes }: TokenBytes): string {
  // Each code unit has a byte at least.
  const kept = wanted * longestTokenBytes + MARGIN;
  if (longestTokenBytes === 0 || text.length <= kept) return text;
  const start = text.length - kept;
  const splitsPair = /^[\uD800-\uDBFF][\uDC00-\uDFFF]/.test(text.slice(start - 1, start + 1));
  return text.slice(splitsPair ? start - 1 : start);
}
