import type { Engine } from './engine.js';

/** A prompt's token ids in two parts, so that the text's beginning can be cut off and leaves the start in place. */
export interface SplitPrompt {
  /** What the tokenizer puts before any text (BOS, often nothing); of an empty text what the model starts with, if any. */
  readonly start: readonly number[];
  readonly tokens: readonly number[];
}

/** Tokenizes a prompt that may be too long. */
export async function splitPrompt(engine: Engine, text: string): Promise<SplitPrompt> {
  const [special, tokens] = await Promise.all([
    engine.tokenize('', { addSpecial: true }),
    engine.tokenize(text, { addSpecial: false }),
  ]);
  const { startTokenId } = engine.info;
  return { start: tokens.length === 0 && startTokenId !== null ? [startTokenId] : special, tokens };
}
