import { GENERATION_DEFAULTS } from './request-defaults.js';
import type { GenerationRequest, GenerationRequestInput, ParameterName } from './request.js';

/** A parameter that a request set and that has no effect on it. */
export interface IgnoredParameter {
  readonly param: ParameterName;
  /** "has no effect without doSample". */
  readonly reason: string;
}

/** What is known of a request once its prompt was evaluated. */
export interface RunningRequest {
  /** As it runs, all defaults filled in. */
  readonly request: GenerationRequest;
  /** Ids that end its sequences. */
  readonly eosTokenIds: readonly number[];
  readonly promptTokens: number;
}

const SAMPLING_ONLY = [
  'temperature',
  'topH',
  'topK',
  'topP',
  'minP',
  'typicalP',
  'epsilonCutoff',
  'etaCutoff',
  'generator',
  'seed',
] as const satisfies ParameterName[];

const BEAMS_ONLY = ['earlyStopping', 'lengthPenalty'] as const satisfies ParameterName[];

const EOS_ONLY = ['minLength', 'minNewTokens'] as const satisfies ParameterName[];

/** Of a pair, the first has no effect beside the second. */
const OVERRULED = [
  ['maxLength', 'maxNewTokens'],
  ['minLength', 'minNewTokens'],
] as const satisfies ParameterName[][];

/**
 * The parameters that a request itself set in vain: where transformers merely logs a warning, or does not even that.
 * A parameter set to its default is no such case: it asks for nothing.
 *
 * @param input the request as it came in
 */
export function ignoredParameters(
  input: GenerationRequestInput,
  { request, eosTokenIds, promptTokens }: RunningRequest,
): IgnoredParameter[] {
  const asked = (name: ParameterName): boolean => isAsked(name, input[name]);
  const because = (names: readonly ParameterName[], reason: string): IgnoredParameter[] =>
    names.filter(asked).map((param) => ({ param, reason: `has no effect ${reason}` }));
  const all = [
    ...OVERRULED.flatMap(([loser, winner]) =>
      input[winner] === undefined ? [] : because([loser], `beside ${winner}`),
    ),
    ...(request.doSample ? [] : because(SAMPLING_ONLY, 'without doSample')),
    ...(request.numBeams > 1 ? [] : because(BEAMS_ONLY, 'without numBeams above 1')),
    ...(eosTokenIds.length > 0 ? [] : because(EOS_ONLY, 'without an end-of-sequence id')),
    ...(promptTokens === 1 ? [] : because(['forcedBosTokenId'], 'after a prompt of more than one token')),
    ...(request.stopStrings.length > 0 ? [] : because(['stopStringsSpanPrompt'], 'without stopStrings')),
    ...endsAmongBadWords(input, eosTokenIds),
  ];
  return all.filter(({ param }, index) => all.findIndex((other) => other.param === param) === index);
}

/** Transformers drops a bad word that is nothing but an EOS id. */
function endsAmongBadWords(
  { badWordsIds = [] }: GenerationRequestInput,
  eosTokenIds: readonly number[],
): IgnoredParameter[] {
  const ends = new Set(eosTokenIds);
  const isEnd = ([id, ...others]: readonly number[]): boolean =>
    id !== undefined && others.length === 0 && ends.has(id);
  if (!badWordsIds.some(isEnd)) return [];
  return [{ param: 'badWordsIds', reason: 'has no effect on an end-of-sequence id alone; use minNewTokens' }];
}

function isAsked(name: ParameterName, value: unknown): boolean {
  const defaults: Readonly<Partial<Record<ParameterName, unknown>>> = GENERATION_DEFAULTS;
  return value !== undefined && value !== defaults[name];
}
