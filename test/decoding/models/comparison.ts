import type { Engine } from '../../../src/engine/engine.js';
import type { GoldenCase } from './golden.js';

/** A float difference may decide only what less noise than this decides, too. */
export const NEAR_TIE = 1e-4;
/** Largest difference between our sequence scores and transformers', absolute and relative to scores above 1. */
export const SCORE_TOLERANCE = 1e-4;

/** Sequences as a generation gave them. */
export interface Outcome {
  readonly tokens: readonly (readonly number[])[];
  readonly scores: readonly number[];
}

/** How a generation compares with its golden. */
export interface Verdict {
  readonly kind: 'equal' | 'near-tie' | 'different';
  /** What differs; empty if nothing does. */
  readonly difference: string;
}

/** Runs a golden's request and gathers its sequences. */
export async function outcomeOf(engine: Engine, { request }: GoldenCase): Promise<Outcome> {
  const tokens: number[][] = Array.from({ length: request.numReturnSequences ?? 1 }, () => []);
  const scores: number[] = [];
  for await (const event of engine.generate(request)) {
    if (event.type === 'token') tokens[event.sequence]?.push(event.tokenId);
    if (event.type === 'finish' && event.score !== undefined) scores[event.sequence] = event.score;
  }
  return { tokens, scores };
}

/** Compares ids one for one, and scores within SCORE_TOLERANCE. */
export function compare(golden: GoldenCase, outcome: Outcome): Verdict {
  const difference = tokenDifference(golden, outcome) || scoreDifference(golden, outcome);
  if (difference === '') return { kind: 'equal', difference };
  const isNearTie = golden.margin !== null && golden.margin < NEAR_TIE;
  return { kind: isNearTie ? 'near-tie' : 'different', difference };
}

function tokenDifference(golden: GoldenCase, outcome: Outcome): string {
  for (const [index, expected] of golden.tokens.entries()) {
    const received = outcome.tokens[index] ?? [];
    const length = Math.max(expected.length, received.length);
    for (let place = 0; place < length; place += 1) {
      if (expected[place] === received[place]) continue;
      const [wanted, given] = [expected.slice(place, place + 8), received.slice(place, place + 8)];
      return `sequence ${index}, token ${place}: expected ${wanted.join(' ')}, received ${given.join(' ')}`;
    }
  }
  return '';
}

function scoreDifference(golden: GoldenCase, outcome: Outcome): string {
  for (const [index, expected] of (golden.scores ?? []).entries()) {
    const received = outcome.scores[index] ?? NaN;
    if (Math.abs(received - expected) <= SCORE_TOLERANCE * Math.max(1, Math.abs(expected))) continue;
    return `sequence ${index}: expected score ${expected}, received ${received}`;
  }
  return '';
}
