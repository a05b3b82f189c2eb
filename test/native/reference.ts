/**
 * Hugging Face's logits processors, written the slow and obvious way: sort everything, in double. The native ones are
 * compared with these.
 */
import type { DecodingParameters } from '../../src/engine/addon.js';

export const defaults: DecodingParameters = {
  doSample: true,
  numBeams: 1,
  earlyStopping: false,
  lengthPenalty: 1,
  maxNewTokens: 20,
  minLength: 0,
  minNewTokens: 0,
  eosTokenId: [],
  sequenceBias: [],
  encoderRepetitionPenalty: 1,
  repetitionPenalty: 1,
  presencePenalty: 0,
  frequencyPenalty: 0,
  noRepeatNgramSize: 0,
  encoderNoRepeatNgramSize: 0,
  badWordsIds: [],
  forcedEosTokenId: [],
  removeInvalidValues: false,
  suppressTokens: [],
  beginSuppressTokens: [],
  temperature: 1,
  topK: 0,
  topP: 1,
  typicalP: 1,
  epsilonCutoff: 0,
  etaCutoff: 0,
  renormalizeLogits: false,
  generator: 'philox',
  seed: 0,
};

export function softmax(scores: readonly number[]): number[] {
  const max = Math.max(...scores);
  const weights = scores.map((score) => Math.exp(score - max));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

function penalize(scores: number[], history: readonly number[], penalty: number): number[] {
  const seen = new Set(history);
  return scores.map((score, id) =>
    !seen.has(id) ? score : Math.fround(score < 0 ? score * penalty : score / penalty),
  );
}

function keepTopK(scores: number[], k: number): number[] {
  const bound = scores.toSorted((a, b) => b - a)[Math.min(k, scores.length) - 1] ?? -Infinity;
  return scores.map((score) => (score < bound ? -Infinity : score));
}

/** Walks an ascending stable sort, as transformers does; the last entry always stays. */
function keepTopP(scores: number[], p: number): number[] {
  const probabilities = softmax(scores);
  const order = scores.map((_, id) => id).toSorted((a, b) => (scores[a] ?? 0) - (scores[b] ?? 0));
  const kept = [...scores];
  let cumulative = 0;
  for (const id of order.slice(0, -1)) {
    cumulative += probabilities[id] ?? 0;
    if (cumulative <= 1 - p) kept[id] = -Infinity;
  }
  return kept;
}

/** Scores after every processor, in the order of transformers 5.x. */
export function process(
  logits: readonly number[],
  history: readonly number[],
  parameters: DecodingParameters,
): number[] {
  const { doSample, temperature, topK, topP, repetitionPenalty } = parameters;
  let scores = [...logits];
  if (repetitionPenalty !== 1) scores = penalize(scores, history, Math.fround(repetitionPenalty));
  if (!doSample) return scores;
  if (temperature !== 1) scores = scores.map((score) => Math.fround(score / Math.fround(temperature)));
  if (topK !== 0) scores = keepTopK(scores, topK);
  if (topP < 1) scores = keepTopP(scores, topP);
  return scores;
}
