import { tokensTaken, type FinishReason, type GenerationEvent } from './events.js';

/** One whole sequence. */
export interface CollectedSequence {
  readonly text: string;
  readonly tokenIds: readonly number[];
  /** EOS included, unlike in the text. */
  readonly generatedTokens: number;
  readonly finishReason: FinishReason;
  /** There if the text's last U+FFFD stands for an unfinished character (FinishEvent). */
  readonly endsInsideCharacter?: true;
}

/** All that a generation gave. */
export interface Collected {
  readonly sequences: readonly CollectedSequence[];
  /** 0 if it was cancelled before its prompt was evaluated. */
  readonly promptTokens: number;
  /** Each once, those of all beams of a search included. */
  readonly generatedTokens: number;
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
  let taken = 0;
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
      taken += tokensTaken(event);
      const { generatedTokens, finishReason, endsInsideCharacter } = event;
      const unfinished = endsInsideCharacter === undefined ? {} : { endsInsideCharacter };
      sequences[sequence] = { text, tokenIds: ids, generatedTokens, finishReason, ...unfinished };
    }
  }
  return { sequences, promptTokens, generatedTokens: taken };
}
