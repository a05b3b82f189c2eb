import type { Engine } from './engine.js';
import { endWithTokens } from './text-bounds.js';

/** A prompt's token ids in two parts, so that the text's beginning can be cut off and leaves the start in place. */
export interface SplitPrompt {
  /** What the tokenizer puts before any text (BOS, often nothing); of an empty text what the model starts with, if any. */
  readonly start: readonly number[];
  /** Of the text, at least as many of the last as were wanted, or all. */
  readonly tokens: readonly number[];
}

/** What is wanted of a prompt. */
export interface SplitOptions {
  /** Tokens at the text's end, start tokens not counted, that the caller keeps at most; default all. */
  readonly wanted?: number;
  /** Aborting it gives up with CANCELLED. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Tokenizes a prompt that may be too long. Where `wanted` is less than the text may have, the text is cut to its end
 * first: `wanted` times the bytes of the model's longest token, and 4,096 code units more, never inside a surrogate
 * pair. What begins otherwise at the cut is among those and not among the wanted tokens, which are those of the whole
 * text; only a text that has no end of a word in all the 4,096 may come out as other tokens of the same characters.
 * Where the bytes say nothing (`longestTokenBytes` of 0) the whole text is tokenized.
 *
 * @throws GlossaError CANCELLED, OVERLOADED
 */
export async function splitPrompt(
  engine: Engine,
  text: string,
  { wanted = Infinity, signal }: SplitOptions = {},
): Promise<SplitPrompt> {
  const end = endWithTokens(text, wanted, engine.info);
  // One after the other: each has a place in the queue.
  const special = await engine.tokenize('', { addSpecial: true, signal });
  const tokens = await engine.tokenize(end, { addSpecial: false, signal });
  const { startTokenId } = engine.info;
  return { start: tokens.length === 0 && startTokenId !== null ? [startTokenId] : special, tokens };
}
