import type { Refusal, RequestFacts, Rule } from './request-rules.js';
import { received } from './request-values.js';
import type { GenerationRequest } from './request.js';

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

/**
 * A growing decay first acts on the choice of new token start + 2. While EOS is banned it would add infinity to
 * -infinity; transformers then has NaN among its scores.
 */
function decayWaitsForEos(request: GenerationRequest, { promptTokens }: RequestFacts): Refusal | undefined {
  const { exponentialDecayLengthPenalty: decay, minNewTokens, minLength, removeInvalidValues } = request;
  if (decay === undefined || decay[1] < 1 || removeInvalidValues) return undefined;
  const [start] = decay;
  const param = 'exponentialDecayLengthPenalty';
  if (minNewTokens > start + 1) {
    return {
      param,
      message: `expected a start of at least minNewTokens - 1 (${minNewTokens - 1}), ${received(start)}`,
    };
  }
  if (promptTokens === undefined || minLength <= promptTokens + start + 1) return undefined;
  const least = minLength - promptTokens - 1;
  return {
    param,
    message: `expected a start of at least ${least}, before which minLength bans EOS, ${received(start)}`,
  };
}

/** Forcing an EOS id bans the others, which a decay that acts by then would turn into NaN as above. */
function decayBesideForcedEos(
  request: GenerationRequest,
  { eosTokenIds, maxNewTokens }: RequestFacts,
): Refusal | undefined {
  const { exponentialDecayLengthPenalty: decay, forcedEosTokenId, removeInvalidValues } = request;
  if (decay === undefined || decay[1] < 1 || removeInvalidValues || forcedEosTokenId.length === 0)
    return undefined;
  if (eosTokenIds === undefined || maxNewTokens === undefined || maxNewTokens < decay[0] + 2)
    return undefined;
  if (eosTokenIds.every((id) => forcedEosTokenId.includes(id))) return undefined;
  return {
    param: 'forcedEosTokenId',
    message:
      'expected every end-of-sequence id beside a growing exponentialDecayLengthPenalty, received only some',
  };
}

/** What exponentialDecayLengthPenalty does not go together with. */
export const DECAY_RULES: readonly Rule[] = [decayNeedsEos, decayWaitsForEos, decayBesideForcedEos];
