import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { DecodingParameters, NativeRequest } from '../../../src/engine/native-engine.js';
import { packageRoot } from '../../../src/engine/addon.js';

/** What scripts/goldens/decoding/ makes lies beside this file's source, for the compiled one is elsewhere. */
function read(name: string): string {
  return readFileSync(join(packageRoot(), 'test', 'decoding', 'goldens', name), 'utf8');
}

/** One golden a line, behind comments. */
function lines(name: string): string[] {
  return read(name)
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
}

/** Ids that stand for themselves, a base-36 digit each; sequences apart by spaces. */
function sequencesOf(text: string): number[][] {
  return text.split(' ').map((ids) => Array.from(ids, (digit) => Number.parseInt(digit, 36)));
}

/** A bigram table in few words: the hash table of a seed, a bias on some columns, rows written by hand (null is -inf). */
export interface TableSpec {
  readonly seed: number;
  readonly size: number;
  readonly bias?: readonly [ids: readonly number[], amount: number];
  readonly rows?: Readonly<Record<string, readonly (number | null)[]>>;
}

/** EOS ids may be one number, as in transformers. */
export type StoredParameters = Partial<Omit<NativeRequest, 'eosTokenId'>> & {
  readonly eosTokenId?: number | readonly number[];
};

/** What transformers gave for one prompt. */
export interface Expected {
  readonly sequences: readonly (readonly number[])[];
  /** Of each token of the first sequences, or of all. */
  readonly logprobs?: readonly (readonly number[])[];
  /** sequences_scores of beams. */
  readonly scores?: readonly number[] | null;
}

/** A vector of the decoding specification's section 7. */
export interface Vector extends Partial<Expected> {
  readonly vector: number;
  readonly name: string;
  readonly table: TableSpec;
  readonly prompt: readonly number[];
  readonly parameters: StoredParameters;
  /** Text of each id. */
  readonly pieces?: readonly string[];
  /** What generate() was given instead of maxNewTokens. */
  readonly transformers?: Readonly<Record<string, unknown>>;
  /** Processed scores of sequence 0 at each step; null is -inf. */
  readonly processed?: readonly (readonly (number | null)[])[];
  /** Only how many scores survive is defined: they are equal. */
  readonly countOnly?: true;
  /** transformers' exception. */
  readonly error?: string;
  /** Why Glossa refuses what transformers takes. */
  readonly refused?: string;
}

/** Prompts that transformers ran in one call, left-padded, and the new part of its rows, padding included. */
export interface Batch {
  readonly vector: number;
  readonly name: string;
  readonly table: TableSpec;
  readonly pad: number;
  readonly prompts: readonly (readonly number[])[];
  readonly parameters: StoredParameters;
  readonly rows: readonly (readonly number[])[];
  readonly scores?: readonly number[];
}

export interface Vectors {
  /** Of torch.multinomial after manual_seed(0), from PROBABILITIES. */
  readonly draws: {
    readonly oneByOne: readonly number[];
    readonly withoutReplacement: readonly number[];
    /** Of 5,000 numbers of Tensor.exponential_() after manual_seed(seed). */
    readonly exponentials: readonly (readonly [
      seed: number,
      first: readonly number[],
      last: readonly number[],
    ])[];
  };
  readonly cases: readonly Vector[];
  readonly batches: readonly Batch[];
}

/** Vectors 1 to 26 and 28 to 30. The shape is the script's word. */
export function readVectors(): Vectors {
  return JSON.parse(read('vectors.json')) as Vectors;
}

/** A request on a table and what transformers makes of it. */
export interface StoredRun extends Expected {
  readonly table: TableSpec;
  readonly prompt: readonly number[];
  readonly parameters: StoredParameters;
}

const BIAS = 2;

/** Vector 27: beam search over a grid. */
export function readSweep(): StoredRun[] {
  return lines('sweep.txt').map((line) => {
    const [setting = '', sequences = '', scores = ''] = line.split('|');
    const [seed, eos = '-', beams, early, penalty, newTokens] = setting.split(' ');
    const eosTokenId = eos === '-' ? [] : eos.split(',').map(Number);
    return {
      table: { seed: Number(seed), size: 12, bias: [eosTokenId, BIAS] },
      prompt: [2, 7, 4],
      parameters: {
        eosTokenId,
        numBeams: Number(beams),
        numReturnSequences: Number(beams),
        earlyStopping: early === 'never' ? early : early === 'true',
        lengthPenalty: Number(penalty),
        maxNewTokens: Number(newTokens),
      },
      sequences: sequencesOf(sequences),
      scores: scores.split(' ').map(Number),
    };
  });
}

type MixedLine = readonly [
  seed: number,
  prompt: readonly number[],
  parameters: StoredParameters,
  sequences: string,
  logprobs: readonly (readonly number[])[],
  scores: readonly number[] | null,
];

/** All modes with random processors. */
export function readMixed(): StoredRun[] {
  return lines('mixed.txt').map((line) => {
    const [seed, prompt, parameters, sequences, logprobs, scores] = JSON.parse(line) as MixedLine;
    return {
      table: { seed, size: 12 },
      prompt,
      parameters: { ...parameters, generator: 'torch' },
      sequences: sequencesOf(sequences),
      logprobs,
      scores,
    };
  });
}

type RowLine = readonly [
  size: number,
  seed: number,
  history: readonly number[],
  promptSize: number,
  parameters: Partial<DecodingParameters>,
  survivors: number,
  mask: string | number | null,
  values: readonly number[],
];

/** A row of scores behind every processor. */
export interface StoredRow {
  readonly size: number;
  /** Of rowLogits(). */
  readonly seed: number;
  readonly history: readonly number[];
  readonly promptSize: number;
  readonly parameters: Partial<DecodingParameters>;
  readonly survivors: number;
  /** Base64 of the survivors' bits or CRC-32 of those bytes; null if all survive. */
  readonly mask: string | number | null;
  /** Of the survivors in order of id; of more than LISTED_VALUES the first ones, then sum and sum of squares. */
  readonly values: readonly number[];
}

export const LISTED_VALUES = 16;

export function readRows(): StoredRow[] {
  return lines('rows.txt').map((line) => {
    const [size, seed, history, promptSize, parameters, survivors, mask, values] = JSON.parse(
      line,
    ) as RowLine;
    return { size, seed, history, promptSize, parameters, survivors, mask, values };
  });
}

/** What Hugging Face's tokenizer of a shipped model does. */
export interface TokenGolden {
  readonly special: readonly number[];
  /** `own` where SentencePiece itself cuts the text otherwise than transformers 5. */
  readonly encoded: readonly (readonly [text: string, ids: readonly number[], own?: readonly number[]])[];
  /** Text with and without special ids; `own` where SentencePiece makes another of it. */
  readonly decoded: readonly (readonly [
    ids: readonly number[],
    text: string,
    withoutSpecial: string,
    own?: string,
  ])[];
}

/** Vector 31, by the model's folder. */
export function readTokens(): Readonly<Record<string, TokenGolden>> {
  return JSON.parse(read('tokens.json')) as Record<string, TokenGolden>;
}
