import type { FinishReason, GenerationEvent } from './events.js';

/** One whole sequence. */
export interface CollectedSequence {
  readonly text: string;
  readonly tokenIds: readonly number[];
  /** EOS included, unlike in the text. */
  readonly generatedTokens: number;
  readonly finishReason: FinishReason;
}

/** All that a generation gave. */
export interface Collected {
  readonly sequences: readonly CollectedSequence[];
  /** 0 if it was cancelled before its prompt was evaluated. */
  readonly promptTokens: number;
}

/**
 * Reads a generation to its end.
 *
 * @throws GlossaError if the engine fails
 */
export async function collect(generation: AsyncIterable<GenerationEvent>): Promise<Collected> {
  const texts: string[] = [];
  const tokenIds: number[][] = [];
  const sequences: CollectedSequence[] = [];
  let promptTokens = 0;
  for await (const event of generation) {
    if (event.type === 'prompt') {
      promptTokens = event.promptTokens;
      continue;
    }
    const { sequence } = event;
    const text = (texts[sequence] ?? '') + event.text;
    texts[sequence] = text;
    const ids = (tokenIds[sequence] ??= []);
    if (event.type === 'token') {
      ids.push(event.tokenId);
    } else {
      const { generatedTokens, finishReason } = event;
      sequences[sequence] = { text, tokenIds: ids, generatedTokens, finishReason };
    }
  }
  return { sequences, promptTokens };
}
