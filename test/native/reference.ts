/**
 * Hugging Face's logits processors, written the slow and obvious way: sort everything, in double, rounded to float32
 * where torch stores a tensor. The native ones are compared with these.
 */
import type { DecodingParameters } from '../../src/engine/native-engine.js';
import { GENERATION_DEFAULTS } from '../../src/generation/request-defaults.js';

/** transformers' defaults, but sampling from all tokens. */
export const defaults: DecodingParameters = {
  ...GENERATION_DEFAULTS,
  doSample: true,
  maxNewTokens: 20,
  eosTokenId: [],
  topK: 0,
  seed: 0,
};

/** A row's scores and what processors may look at: `ids` is the whole row, of which `promptSize` were given. */
interface Row {
  readonly scores: readonly number[];
  readonly ids: readonly number[];
  readonly promptSize: number;
  readonly parameters: DecodingParameters;
  /** Entries that no warper removes. */
  readonly keep: number;
}

type Processor = (row: Row) => number[];

const f32 = Math.fround;

export function softmax(scores: readonly number[]): number[] {
  const max = Math.max(...scores);
  const weights = scores.map((score) => Math.exp(score - max));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

/** A row of which nothing is left stays so; torch makes it NaN. */
function logSoftmax(scores: readonly number[]): number[] {
  const max = Math.max(...scores);
  if (max === -Infinity) return [...scores];
  const total = scores.reduce((sum, score) => sum + Math.exp(score - max), 0);
  return scores.map((score) => f32(score - max - Math.log(total)));
}

/** Entropy in nats. */
function entropyOf(probabilities: readonly number[]): number {
  return -probabilities.reduce((sum, p) => (p > 0 ? sum + p * Math.log(p) : sum), 0);
}

function drop(scores: readonly number[], ids: Iterable<number>): number[] {
  const dropped = new Set(ids);
  return scores.map((score, id) => (dropped.has(id) ? -Infinity : score));
}

/** All dropped but for some, which get the score 0. */
function force(scores: readonly number[], ids: readonly number[]): number[] {
  return scores.map((_, id) => (ids.includes(id) ? 0 : -Infinity));
}

/** Ids in ascending order of a key; ties in order of id. */
function ranked(keys: readonly number[]): number[] {
  return keys.map((_, id) => id).toSorted((a, b) => (keys[a] ?? 0) - (keys[b] ?? 0) || a - b);
}

function largest(scores: readonly number[], rank: number): number {
  return scores.toSorted((a, b) => b - a)[Math.min(rank, scores.length) - 1] ?? -Infinity;
}

function endsWith(ids: readonly number[], suffix: readonly number[]): boolean {
  return suffix.length <= ids.length && suffix.every((id, i) => id === ids[ids.length - suffix.length + i]);
}

/** Groups in order of first appearance; a later duplicate replaces the bias, not the place, of an earlier one. */
function bias(row: Row, given: readonly (readonly [readonly number[], number])[]): number[] {
  const entries = new Map(given.map(([ids, value]) => [ids.join(' '), { ids, value }]));
  const lengths = [...new Set([1, ...[...entries.values()].map(({ ids }) => ids.length)])];
  const sums = row.scores.map(() => 0);
  for (const length of lengths) {
    for (const { ids, value } of entries.values()) {
      const last = ids.at(-1) ?? -1;
      if (ids.length === length && endsWith(row.ids, ids.slice(0, -1)))
        sums[last] = f32((sums[last] ?? 0) + f32(value));
    }
  }
  return row.scores.map((score, id) => f32(score + (sums[id] ?? 0)));
}

function penalize(scores: readonly number[], ids: readonly number[], penalty: number): number[] {
  const seen = new Set(ids);
  return scores.map((score, id) =>
    !seen.has(id) ? score : f32(score < 0 ? score * penalty : score / penalty),
  );
}

/** Followers of all windows of `ids` that begin with the last size - 1 ids of the row. */
function followers(row: Row, ids: readonly number[], size: number): number[] {
  if (row.ids.length < size - 1) return [];
  const prefix = row.ids.slice(row.ids.length - size + 1).join(' ');
  return ids.filter((_, i) => i >= size - 1 && ids.slice(i - size + 1, i).join(' ') === prefix);
}

function exponentialDecay({ scores, ids, promptSize, parameters }: Row): number[] {
  const [start, factor] = parameters.exponentialDecayLengthPenalty ?? [Infinity, 1];
  const k = ids.length - promptSize - start;
  if (k <= 0) return [...scores];
  const growth = f32(factor ** k - 1);
  return scores.map((score, id) =>
    parameters.eosTokenId.includes(id) && Number.isFinite(score)
      ? f32(score + f32(Math.abs(score) * growth))
      : score,
  );
}

function topH({ scores, parameters }: Row): number[] {
  const best = ranked(scores.map((score) => -score)).slice(0, 100);
  const probabilities = softmax(best.map((id) => scores[id] ?? 0)).map(f32);
  const limit = entropyOf(probabilities) * (parameters.topH ?? 1);
  const kept = new Set(best.slice(0, 1));
  let cumulative = 0;
  probabilities.forEach((p, i) => {
    cumulative += -p * Math.log(p);
    if (cumulative <= limit) kept.add(best[i] ?? -1);
  });
  return scores.map((score, id) => (kept.has(id) ? score : -Infinity));
}

function topK({ scores, parameters, keep }: Row): number[] {
  const bound = largest(scores, Math.max(parameters.topK, keep));
  return scores.map((score) => (score < bound ? -Infinity : score));
}

/** Walks an ascending stable sort, as transformers does; the last entries always stay. */
function topP({ scores, parameters, keep }: Row): number[] {
  const probabilities = softmax(scores);
  let cumulative = 0;
  const unlikely = ranked(scores).filter((id) => {
    cumulative += f32(probabilities[id] ?? 0);
    return f32(cumulative) <= f32(1 - parameters.topP);
  });
  const kept = new Set(ranked(scores).slice(-keep));
  return drop(
    scores,
    unlikely.filter((id) => !kept.has(id)),
  );
}

function minP({ scores, parameters, keep }: Row): number[] {
  const probabilities = softmax(scores).map(f32);
  const bound = f32(f32(parameters.minP ?? 0) * Math.max(...probabilities));
  // Of ties the highest ids stay.
  const candidates = ranked(scores).slice(0, -keep);
  return drop(
    scores,
    candidates.filter((id) => (probabilities[id] ?? 0) < bound),
  );
}

function typicalP({ scores, parameters, keep }: Row): number[] {
  const probabilities = softmax(scores);
  const entropy = f32(entropyOf(probabilities));
  const distances = logSoftmax(scores).map((logProbability) => f32(Math.abs(f32(-logProbability - entropy))));
  const order = ranked(distances);
  let cumulative = 0;
  const passed = order.filter((id) => (cumulative += probabilities[id] ?? 0) < f32(parameters.typicalP));
  const bound = distances[order[Math.min(passed.length, order.length - 1)] ?? 0] ?? 0;
  return drop(
    scores,
    order.slice(keep).filter((id) => (distances[id] ?? 0) > bound),
  );
}

function cutoff({ scores, keep }: Row, threshold: number): number[] {
  const probabilities = softmax(scores).map(f32);
  const protectedFrom = largest(scores, keep);
  return scores.map((score, id) =>
    (probabilities[id] ?? 0) < threshold && score < protectedFrom ? -Infinity : score,
  );
}

function etaCutoff(row: Row): number[] {
  const epsilon = f32(row.parameters.etaCutoff);
  return cutoff(row, f32(Math.min(epsilon, Math.sqrt(epsilon) * Math.exp(-entropyOf(softmax(row.scores))))));
}

function openAiPenalties({ scores, ids, promptSize, parameters }: Row): number[] {
  const { presencePenalty, frequencyPenalty } = parameters;
  return scores.map((score, token) => {
    const count = ids.slice(promptSize).filter((id) => id === token).length;
    return count === 0 ? score : f32(score - f32(f32(presencePenalty) + f32(f32(frequencyPenalty) * count)));
  });
}

function isEos(parameters: DecodingParameters, word: readonly number[]): boolean {
  return word.length === 1 && parameters.eosTokenId.includes(word[0] ?? -1);
}

/** transformers' order: what switches a processor on, and the processor. */
const order: readonly (readonly [(row: Row) => boolean, Processor])[] = [
  [({ parameters: p }) => p.numBeams > 1, ({ scores }) => logSoftmax(scores)],
  [() => true, (row) => bias(row, row.parameters.sequenceBias)],
  [
    ({ parameters: p }) => p.encoderRepetitionPenalty !== 1,
    ({ scores, ids, promptSize, parameters: p }) =>
      penalize(scores, ids.slice(0, promptSize), f32(1 / p.encoderRepetitionPenalty)),
  ],
  [
    ({ parameters: p }) => p.repetitionPenalty !== 1,
    ({ scores, ids, parameters: p }) => penalize(scores, ids, f32(p.repetitionPenalty)),
  ],
  [() => true, openAiPenalties],
  [
    ({ ids, parameters: p }) => p.noRepeatNgramSize > 0 && ids.length >= p.noRepeatNgramSize,
    (row) => drop(row.scores, followers(row, row.ids, row.parameters.noRepeatNgramSize)),
  ],
  [
    ({ parameters: p }) => p.encoderNoRepeatNgramSize > 0,
    (row) => {
      const prompt = row.ids.slice(0, row.promptSize);
      return drop(row.scores, followers(row, prompt, row.parameters.encoderNoRepeatNgramSize));
    },
  ],
  [
    () => true,
    (row) => {
      const words = row.parameters.badWordsIds.filter((word) => !isEos(row.parameters, word));
      return bias(
        row,
        words.map((word) => [word, -Infinity]),
      );
    },
  ],
  [
    ({ ids, parameters: p }) => p.minNewTokens === 0 && ids.length < p.minLength,
    ({ scores, parameters: p }) => drop(scores, p.eosTokenId),
  ],
  [
    ({ ids, promptSize, parameters: p }) => ids.length - promptSize < p.minNewTokens,
    ({ scores, parameters: p }) => drop(scores, p.eosTokenId),
  ],
  [
    ({ ids, parameters: p }) => p.forcedBosTokenId !== undefined && ids.length === 1,
    ({ scores, parameters: p }) => force(scores, [p.forcedBosTokenId ?? -1]),
  ],
  [
    ({ ids, promptSize, parameters: p }) =>
      p.forcedEosTokenId.length > 0 && ids.length === promptSize + p.maxNewTokens - 1,
    ({ scores, parameters: p }) => force(scores, p.forcedEosTokenId),
  ],
  [
    ({ parameters: p }) => p.removeInvalidValues,
    ({ scores }) => {
      const limit = f32(3.4028234663852886e38);
      return scores.map((score) => (Number.isNaN(score) ? 0 : Math.max(-limit, Math.min(limit, score))));
    },
  ],
  [() => true, exponentialDecay],
  [() => true, ({ scores, parameters: p }) => drop(scores, p.suppressTokens)],
  [
    ({ ids, promptSize, parameters: p }) =>
      ids.length === promptSize + (promptSize <= 1 && p.forcedBosTokenId !== undefined ? 1 : 0),
    ({ scores, parameters: p }) => drop(scores, p.beginSuppressTokens),
  ],
  [
    ({ parameters: p }) => p.doSample && p.temperature !== 1,
    ({ scores, parameters: p }) => scores.map((score) => f32(score / f32(p.temperature))),
  ],
  [({ parameters: p }) => p.doSample && p.topH !== undefined, topH],
  [({ parameters: p }) => p.doSample && p.topK !== 0, topK],
  [({ parameters: p }) => p.doSample && p.topP < 1, topP],
  [({ parameters: p }) => p.doSample && (p.minP ?? 0) > 0, minP],
  [({ parameters: p }) => p.doSample && p.typicalP < 1, typicalP],
  [
    ({ parameters: p }) => p.doSample && p.epsilonCutoff > 0,
    (row) => cutoff(row, f32(row.parameters.epsilonCutoff)),
  ],
  [({ parameters: p }) => p.doSample && p.etaCutoff > 0, etaCutoff],
  [({ parameters: p }) => p.renormalizeLogits, ({ scores }) => logSoftmax(scores)],
];

/**
 * Scores after every processor, in the order of transformers 5.x.
 *
 * @param promptSize leading ids of the row that were not generated; default all
 */
export function process(
  logits: readonly number[],
  ids: readonly number[],
  parameters: DecodingParameters,
  promptSize = ids.length,
): number[] {
  const { numBeams, eosTokenId } = parameters;
  const keep = numBeams === 1 ? 1 : Math.max(2, eosTokenId.length + 1);
  let scores = [...logits];
  for (const [isOn, apply] of order) {
    const row = { scores, ids, promptSize, parameters, keep };
    if (isOn(row)) scores = apply(row);
  }
  return scores;
}
