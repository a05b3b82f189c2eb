import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import type { DecodingParameters } from '../../src/engine/native-engine.js';
import { assertClose, processed, randomLogits, uniforms } from './decoding-rows.js';
import { defaults, process as reference } from './reference.js';

/** Draws of one case. */
class Draws {
  readonly #source: Generator<number, never>;
  constructor(seed: number) {
    this.#source = uniforms(seed);
  }
  below(count: number): number {
    return Math.floor(this.#source.next().value * count);
  }
  of<T>(first: T, ...rest: readonly T[]): T {
    return [first, ...rest][this.below(1 + rest.length)] ?? first;
  }
  ids(count: number, vocabularySize: number): number[] {
    return Array.from({ length: count }, () => this.below(vocabularySize));
  }
}

interface Case {
  readonly logits: number[];
  readonly ids: number[];
  readonly promptSize: number;
}

/** A row that repeats a few ids. */
function randomCase(draws: Draws, vocabularySize: number, seed: number): Case {
  const promptSize = draws.of(1, 2, 3, 8, 30);
  const few = draws.ids(draws.of(2, 4, 10), vocabularySize);
  const size = promptSize + draws.of(0, 0, 1, 2, 5, 20, 70);
  const ids = Array.from({ length: size }, () => few[draws.below(few.length)] ?? 0);
  return { logits: randomLogits(vocabularySize, draws.of(0.5, 2, 8), seed), ids, promptSize };
}

/** A sequence of tokens, often one whose beginning is the end of the row. */
function randomWord(draws: Draws, { ids, logits }: Case): number[] {
  const prefix = ids.slice(ids.length - draws.below(Math.min(4, ids.length + 1)));
  return draws.below(3) > 0 && prefix.length < 5
    ? [...prefix, draws.below(logits.length)]
    : draws.ids(draws.of(1, 2, 3), logits.length);
}

type Draw = (draws: Draws, row: Case) => Partial<DecodingParameters>;

/** One for each parameter: a value that switches it on. */
const choices: Readonly<Record<string, Draw>> = {
  sequenceBias: (draws, row) => ({
    sequenceBias: Array.from({ length: 6 }, () => [
      randomWord(draws, row),
      Math.fround(draws.below(1000) / 100 - 5),
    ]),
  }),
  encoderRepetitionPenalty: (draws) => ({ encoderRepetitionPenalty: draws.of(0.7, 1.3, 2) }),
  repetitionPenalty: (draws) => ({ repetitionPenalty: draws.of(0.5, 1.2, 2) }),
  presencePenalty: (draws) => ({ presencePenalty: draws.of(-0.7, 0.3, 2) }),
  frequencyPenalty: (draws) => ({ frequencyPenalty: draws.of(-0.7, 0.3, 2) }),
  noRepeatNgramSize: (draws) => ({ noRepeatNgramSize: draws.of(1, 2, 3, 4) }),
  encoderNoRepeatNgramSize: (draws) => ({ encoderNoRepeatNgramSize: draws.of(1, 2, 3) }),
  badWordsIds: (draws, row) => ({
    badWordsIds: [[1], ...Array.from({ length: 4 }, () => randomWord(draws, row))],
  }),
  minLength: (draws, { ids }) => ({ minLength: ids.length + draws.of(0, 1, 2), minNewTokens: 0 }),
  minNewTokens: (draws, { ids, promptSize }) => ({
    minNewTokens: ids.length - promptSize + draws.of(0, 1, 2),
  }),
  forcedBosTokenId: (draws, { logits }) => ({ forcedBosTokenId: draws.below(logits.length) }),
  forcedEosTokenId: (draws) => ({ forcedEosTokenId: draws.of([1], [3, 5]) }),
  // Alone at the lowest finite score, not with all others: ties there are anyone's.
  removeInvalidValues: () => ({ removeInvalidValues: true, forcedEosTokenId: [] }),
  exponentialDecayLengthPenalty: (draws, { ids, promptSize }) => ({
    exponentialDecayLengthPenalty: [
      Math.max(0, ids.length - promptSize - draws.of(0, 1, 2)),
      draws.of(0.8, 1.5),
    ],
  }),
  suppressTokens: (draws, { logits }) => ({ suppressTokens: draws.ids(3, logits.length) }),
  beginSuppressTokens: (draws, { logits }) => ({ beginSuppressTokens: draws.ids(3, logits.length) }),
  temperature: (draws) => ({ temperature: draws.of(0.5, 0.7, 2) }),
  topH: (draws) => ({ topH: draws.of(0.2, 0.5, 0.9) }),
  topK: (draws) => ({ topK: draws.of(1, 5, 50, 400) }),
  topP: (draws) => ({ topP: draws.of(0, 0.3, 0.8, 0.95, 0.999) }),
  minP: (draws) => ({ minP: draws.of(0.001, 0.02, 0.1, 0.5) }),
  typicalP: (draws) => ({ typicalP: draws.of(0.2, 0.5, 0.9, 0.99) }),
  epsilonCutoff: (draws) => ({ epsilonCutoff: draws.of(0.0001, 0.001, 0.02, 0.2) }),
  etaCutoff: (draws) => ({ etaCutoff: draws.of(0.0001, 0.001, 0.02, 0.3) }),
  renormalizeLogits: () => ({ renormalizeLogits: true }),
};

function randomParameters(draws: Draws, row: Case): { on: string[]; parameters: DecodingParameters } {
  const density = draws.of(2, 4, 8);
  const on = Object.keys(choices).filter(
    (name) => draws.below(density) === 0 && (name !== 'topH' || draws.below(3) === 0),
  );
  const parameters: DecodingParameters = {
    ...defaults,
    doSample: draws.below(4) > 0,
    numBeams: draws.of(1, 1, 1, 2, 3),
    eosTokenId: draws.of([], [1], [1, 5]),
    maxNewTokens: row.ids.length - row.promptSize + draws.of(1, 2, 10),
  };
  for (const name of on) Object.assign(parameters, choices[name]?.(draws, row));
  return { on, parameters };
}

describe('random rows, random parameters', () => {
  const effects = new Map<string, number>();

  // Seeds of which no row has two tokens nearer to a boundary than float32 can tell.
  for (const [vocabularySize, count] of [
    [12, 500],
    [200, 400],
    [3000, 60],
  ] as const) {
    test(`${count} of ${vocabularySize} tokens: masks and values equal the reference`, () => {
      for (let seed = 0; seed < count; seed += 1) {
        const draws = new Draws(vocabularySize * 1000 + 100 + seed);
        const row = randomCase(draws, vocabularySize, seed);
        const { on, parameters } = randomParameters(draws, row);
        const { logits, ids, promptSize } = row;
        const expected = reference(logits, ids, parameters, promptSize);
        assertClose(
          processed(logits, parameters, ids, promptSize),
          expected,
          JSON.stringify({ seed, parameters, ids, promptSize }),
        );
        if (vocabularySize > 200) continue;
        for (const name of on) {
          const without = { ...parameters, [name]: defaults[name as keyof DecodingParameters] };
          const changed = reference(logits, ids, without, promptSize).some(
            (score, id) => score !== expected[id],
          );
          effects.set(name, (effects.get(name) ?? 0) + (changed ? 1 : 0));
        }
      }
    });
  }

  test('in which every parameter had an effect', () => {
    const idle = Object.keys(choices).filter((name) => (effects.get(name) ?? 0) < 8);
    assert.deepEqual(idle, [], JSON.stringify(Object.fromEntries(effects)));
  });
});
