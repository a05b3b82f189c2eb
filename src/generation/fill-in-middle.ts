import type { Engine } from '../engine/engine.js';
import { checkMayFit } from '../engine/text-bounds.js';
import { GlossaError } from '../errors.js';

/** A text with a gap. */
export interface Gap {
  /** What precedes it, as text or as token ids. */
  readonly prefix: string | readonly number[];
  /** What follows it. */
  readonly suffix: string;
}

/**
 * Ids of the prompt that has a model fill a gap: prefix, suffix and middle (PSM) of Bavarian et al., "Efficient
 * Training of Language Models to Fill in the Middle", arXiv:2207.14255, as llama.cpp's server puts them together.
 * BOS is in front if the model's tokenizer puts it there. Texts are never taken for special tokens. Each is tokenized
 * by itself: a tokenizer that puts a space before a text (SentencePiece) puts one before both.
 *
 * @param options aborting `signal` gives up
 * @throws GlossaError INVALID_REQUEST, param "suffix", for a model that has no tokens for it; CONTEXT_OVERFLOW for a
 *   text that cannot fit; CANCELLED, OVERLOADED
 */
export async function fillInMiddlePrompt(
  engine: Engine,
  { prefix, suffix }: Gap,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<number[]> {
  const { fillInMiddle: marks, startTokenId } = engine.info;
  if (marks === null) {
    throw new GlossaError(
      'INVALID_REQUEST',
      'suffix: this model has no tokens that mark a gap, so it cannot fill one in; leave suffix out',
      { param: 'suffix' },
    );
  }
  if (typeof prefix === 'string') checkMayFit(prefix, engine.info, 'prompt');
  checkMayFit(suffix, engine.info, 'suffix');
  // One after the other: each has a place in the queue.
  const special = await engine.tokenize('', { addSpecial: true, signal });
  const before = typeof prefix === 'string' ? await engine.tokenize(prefix, { signal }) : prefix;
  const after = await engine.tokenize(suffix, { signal });
  // What a tokenizer adds may be EOS besides, which belongs to a text's end.
  const start = special[0] === startTokenId ? special.slice(0, 1) : [];
  return [...start, marks.prefix, ...before, marks.suffix, ...after, marks.middle];
}
