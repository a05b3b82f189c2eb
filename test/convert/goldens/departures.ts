import { Evaluator } from '../../../src/engine/evaluate.js';

/**
 * Another processor adds up in another order, and two tokens of a random model may be as good as equal: the share of
 * what a row of logits spans that a token may be below the best.
 */
const TIE = 0.02;

/** Tokens that are not the likeliest after what comes before them: their positions in the continuation. */
export async function departures(
  path: string,
  prompt: readonly number[],
  continuation: readonly number[],
): Promise<number[]> {
  const tokens = [...prompt, ...continuation];
  const evaluator = await Evaluator.open(path, { maxTokens: tokens.length, threads: 1 });
  const logits = await evaluator.next(tokens.slice(0, -1));
  const size = evaluator.vocabularySize;
  return continuation.flatMap((token, index) => {
    const start = (prompt.length - 1 + index) * size;
    const row = logits.subarray(start, start + size);
    const best = Math.max(...row);
    return (row[token] ?? -Infinity) >= best - TIE * (best - Math.min(...row)) ? [] : [index];
  });
}
