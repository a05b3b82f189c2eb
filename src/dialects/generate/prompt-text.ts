import type { Engine } from '../../engine/engine.js';
import type { ContinuedRow } from './continuations.js';
import { END_OF_TEXT } from './rows.js';

/** How the token that begins every text is written, as `</s>` is how its end is. */
const START_OF_TEXT = '<s>';

/**
 * Rows as texts, decoded with their special tokens like the original's: `<s>` where the tokenizer put a token before the
 * prompt, `</s>` where the text has ended. LLaMA's tokenizer begins the text with a space.
 */
export async function promptTexts(
  engine: Engine,
  rows: readonly ContinuedRow[],
  signal: AbortSignal,
): Promise<string[]> {
  const [start] = await engine.tokenize('', { addSpecial: true, signal });
  const texts: string[] = [];
  // One after the other: each has a place in the engine's queue.
  for (const { tokenIds, hasEnded } of rows) {
    const text = await engine.detokenize(Array.from(tokenIds), { signal });
    const begin = start !== undefined && tokenIds[0] === start ? START_OF_TEXT : '';
    // A character is shown once it is whole.
    texts.push(hasEnded ? begin + text + END_OF_TEXT : begin + text.replace(/\uFFFD$/, ''));
  }
  return texts;
}
