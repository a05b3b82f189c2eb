import type { GivenParameters } from './request-fields.js';

/**
 * What a parameter is when nobody sets it: transformers' defaults, and for what transformers does not have, what
 * leaves scores alone. The others have none: without maxNewTokens and maxLength 20 new tokens are generated.
 */
export const GENERATION_DEFAULTS = {
  minLength: 0,
  minNewTokens: 0,
  doSample: false,
  numBeams: 1,
  earlyStopping: false,
  lengthPenalty: 1,
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
  topK: 50,
  topP: 1,
  typicalP: 1,
  epsilonCutoff: 0,
  etaCutoff: 0,
  renormalizeLogits: false,
  generator: 'philox',
  numReturnSequences: 1,
  stopStrings: [],
  stopStringsSpanPrompt: true,
} as const satisfies GivenParameters;

/** Parameters that always have a value. */
type Defaulted = { readonly [Name in keyof typeof GENERATION_DEFAULTS]: NonNullable<GivenParameters[Name]> };

/** Every parameter that has a default, and those of the others that were set. */
export type CompleteParameters = Omit<GivenParameters, keyof Defaulted> & Defaulted;

/**
 * Parameters of which one goes before the other: a layer that sets either says all about the pair, so that a request's
 * maxLength is not overruled by a configured maxNewTokens.
 */
const PAIRS = [
  ['maxNewTokens', 'maxLength'],
  ['minNewTokens', 'minLength'],
] as const satisfies (keyof GivenParameters)[][];

/** Parameters of several layers as one set, an earlier layer going before the later ones. */
export function mergeParameters(...layers: readonly GivenParameters[]): GivenParameters {
  return layers.reduceRight<GivenParameters>((lower, layer) => {
    const given = withoutUndefined(layer);
    const hidden: string[] = PAIRS.filter((pair) => pair.some((name) => given[name] !== undefined)).flat();
    // There is nothing left for it to act on.
    if (given.eosTokenId?.length === 0) hidden.push('exponentialDecayLengthPenalty');
    const kept = Object.entries(lower).filter(([name]) => !hidden.includes(name));
    return { ...(Object.fromEntries(kept) as GivenParameters), ...given };
  }, {});
}

/** Merged parameters with transformers' defaults for the rest. */
export function completeParameters(given: GivenParameters): CompleteParameters {
  // A minNewTokens that is given, even 0, switches minLength off.
  const minLength = given.minNewTokens === undefined ? (given.minLength ?? 0) : 0;
  // What is undefined is not there any more, which the type of a spread does not show.
  return { ...GENERATION_DEFAULTS, ...withoutUndefined(given), minLength } as CompleteParameters;
}

function withoutUndefined<T extends object>(values: T): T {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T;
}
