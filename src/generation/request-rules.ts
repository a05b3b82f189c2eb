import { GlossaError } from '../errors.js';
import type { ParameterName } from './request-fields.js';
import type { GenerationRequest } from './request.js';
import { received } from './request-values.js';

/** What a request is decided on besides its parameters. Before the model is asked, only some of it is known. */
export interface RequestFacts {
  /** New tokens at most, whatever parameter says so. */
  readonly maxNewTokens?: number | undefined;
  /** Ids that end a sequence: the request's own, or the model's. */
  readonly eosTokenIds?: readonly number[] | undefined;
  readonly promptTokens?: number | undefined;
  readonly vocabularySize?: number | undefined;
}

/** Why a request can't be run. */
export interface Refusal {
  readonly param: ParameterName;
  /** "expected X, received Y". */
  readonly message: string;
}

/** Refuses a combination, or lets pass what is in order or can't be decided on these facts. */
export type Rule = (request: GenerationRequest, facts: RequestFacts) => Refusal | undefined;

/**
 * Refuses what no single parameter shows: combinations that transformers refuses, warns of although nothing good can
 * come of them, or leaves undefined.
 *
 * @throws GlossaError INVALID_REQUEST, naming the parameter
 */
export function checkRules(request: GenerationRequest, facts: RequestFacts): void {
  for (const rule of RULES) {
    const refusal = rule(request, facts);
    if (refusal === undefined) continue;
    const { param, message } = refusal;
    throw new GlossaError('INVALID_REQUEST', `${param}: ${message}`, { param });
  }
}

/** Candidates of one step of beam search: enough for numBeams that go on if all EOS ids are among them. */
export function candidatesPerStep(numBeams: number, eosTokenIds: number): number {
  return Math.max(2, 1 + eosTokenIds) * numBeams;
}

function greedyGivesOne({ doSample, numBeams, numReturnSequences }: GenerationRequest): Refusal | undefined {
  if (doSample || numBeams > 1 || numReturnSequences === 1) return undefined;
  return {
    param: 'numReturnSequences',
    message: `expected 1 in greedy decoding, ${received(numReturnSequences)}; set doSample or numBeams`,
  };
}

function beamsGiveNoMoreThanThemselves({
  numBeams,
  numReturnSequences,
}: GenerationRequest): Refusal | undefined {
  if (numBeams === 1 || numReturnSequences <= numBeams) return undefined;
  return {
    param: 'numReturnSequences',
    message: `expected at most numBeams (${numBeams}), ${received(numReturnSequences)}`,
  };
}

function somethingIsAskedFor({ maxNewTokens, promptLogprobs }: GenerationRequest): Refusal | undefined {
  if (maxNewTokens !== 0 || promptLogprobs !== undefined) return undefined;
  return { param: 'maxNewTokens', message: `expected at least 1 without promptLogprobs, ${received(0)}` };
}

/** The scores of a beam's earlier tokens are gone when it turns out to be one of the best. */
function beamsHaveNoLogprobs({ numBeams, logprobs, promptLogprobs }: GenerationRequest): Refusal | undefined {
  if (numBeams === 1 || (logprobs ?? promptLogprobs) === undefined) return undefined;
  const param = logprobs === undefined ? 'promptLogprobs' : 'logprobs';
  return { param, message: `expected none with numBeams above 1, ${received(logprobs ?? promptLogprobs)}` };
}

function minNewTokensWithinMost(
  { minNewTokens, maxNewTokens }: GenerationRequest,
  facts: RequestFacts,
): Refusal | undefined {
  if (facts.maxNewTokens === undefined || minNewTokens <= facts.maxNewTokens) return undefined;
  const most = maxNewTokens === undefined ? 'new tokens at most' : 'maxNewTokens';
  return {
    param: 'minNewTokens',
    message: `expected at most ${facts.maxNewTokens} (${most}), ${received(minNewTokens)}`,
  };
}

function minLengthWithinMaxLength({
  minLength,
  maxLength,
  maxNewTokens,
}: GenerationRequest): Refusal | undefined {
  if (maxLength === undefined || maxNewTokens !== undefined || minLength <= maxLength) return undefined;
  return { param: 'minLength', message: `expected at most maxLength (${maxLength}), ${received(minLength)}` };
}

function minLengthWithinMost(
  { minLength }: GenerationRequest,
  { maxNewTokens, promptTokens }: RequestFacts,
): Refusal | undefined {
  if (maxNewTokens === undefined || promptTokens === undefined) return undefined;
  const most = promptTokens + maxNewTokens;
  if (minLength <= most) return undefined;
  return {
    param: 'minLength',
    message: `expected at most ${most} (${promptTokens} tokens of the prompt and ${maxNewTokens} new ones), ${received(minLength)}`,
  };
}

function forcedTokensAreNotSuppressed(request: GenerationRequest): Refusal | undefined {
  const { forcedBosTokenId, forcedEosTokenId, suppressTokens } = request;
  if (suppressTokens.length === 0) return undefined;
  const suppressed = new Set(suppressTokens);
  if (forcedBosTokenId !== undefined && suppressed.has(forcedBosTokenId)) {
    return {
      param: 'forcedBosTokenId',
      message: `expected an id that is not in suppressTokens, ${received(forcedBosTokenId)}`,
    };
  }
  if (forcedEosTokenId.length === 0 || !forcedEosTokenId.every((id) => suppressed.has(id))) return undefined;
  return {
    param: 'forcedEosTokenId',
    message: 'expected an id that is not in suppressTokens, received only such as are',
  };
}

/** With fewer tokens than candidates transformers fills up with tokens of probability 0, in no defined order. */
function beamSamplesNeedCandidates(
  { doSample, numBeams, topK }: GenerationRequest,
  { eosTokenIds }: RequestFacts,
): Refusal | undefined {
  if (!doSample || numBeams === 1 || topK === 0 || eosTokenIds === undefined) return undefined;
  const candidates = candidatesPerStep(numBeams, eosTokenIds.length);
  if (topK >= candidates) return undefined;
  return {
    param: 'topK',
    message: `expected 0 or at least ${candidates} to sample with numBeams of ${numBeams} and ${eosTokenIds.length} end-of-sequence ids, ${received(topK)}`,
  };
}

function beamsNeedTokens(
  { numBeams }: GenerationRequest,
  { eosTokenIds, vocabularySize }: RequestFacts,
): Refusal | undefined {
  if (numBeams === 1 || eosTokenIds === undefined || vocabularySize === undefined) return undefined;
  if (candidatesPerStep(numBeams, eosTokenIds.length) <= numBeams * vocabularySize) return undefined;
  return {
    param: 'numBeams',
    message: `expected 1 with ${eosTokenIds.length} end-of-sequence ids in a vocabulary of ${vocabularySize}, ${received(numBeams)}`,
  };
}

function idsAreInVocabulary(
  request: GenerationRequest,
  { vocabularySize }: RequestFacts,
): Refusal | undefined {
  if (vocabularySize === undefined) return undefined;
  for (const [param, ids] of idsOf(request)) {
    for (const id of ids) {
      if (id >= vocabularySize)
        return { param, message: `expected token ids below ${vocabularySize}, ${received(id)}` };
    }
  }
  return undefined;
}

/** All ids that a request holds, by parameter. */
function* idsOf(request: GenerationRequest): Generator<[ParameterName, Iterable<number>]> {
  if (typeof request.prompt !== 'string') yield ['prompt', request.prompt];
  if (request.eosTokenId !== undefined) yield ['eosTokenId', request.eosTokenId];
  if (request.forcedBosTokenId !== undefined) yield ['forcedBosTokenId', [request.forcedBosTokenId]];
  yield ['forcedEosTokenId', request.forcedEosTokenId];
  yield ['suppressTokens', request.suppressTokens];
  yield ['beginSuppressTokens', request.beginSuppressTokens];
  for (const ids of request.badWordsIds) yield ['badWordsIds', ids];
  for (const [ids] of request.sequenceBias) yield ['sequenceBias', ids];
}

function decayNeedsEos(
  { exponentialDecayLengthPenalty }: GenerationRequest,
  { eosTokenIds }: RequestFacts,
): Refusal | undefined {
  if (exponentialDecayLengthPenalty === undefined || eosTokenIds?.length !== 0) return undefined;
  return {
    param: 'exponentialDecayLengthPenalty',
    message: 'expected an end-of-sequence id to make likelier (eosTokenId), received none',
  };
}

const RULES: readonly Rule[] = [
  idsAreInVocabulary,
  somethingIsAskedFor,
  beamsHaveNoLogprobs,
  greedyGivesOne,
  beamsGiveNoMoreThanThemselves,
  minNewTokensWithinMost,
  minLengthWithinMaxLength,
  minLengthWithinMost,
  decayNeedsEos,
  forcedTokensAreNotSuppressed,
  beamSamplesNeedCandidates,
  beamsNeedTokens,
];
